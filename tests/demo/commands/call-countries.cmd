content query --uri content://call_log/calls --projection _id:date:type:countryiso
