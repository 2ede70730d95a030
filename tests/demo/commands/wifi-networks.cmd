cmd wifi list-networks
