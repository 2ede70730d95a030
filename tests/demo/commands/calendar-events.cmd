content query --uri content://com.android.calendar/events --projection _id:dtstart:dtend:allDay:eventTimezone:eventLocation:deleted --where "eventLocation!=''"
