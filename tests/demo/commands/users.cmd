pm list users
