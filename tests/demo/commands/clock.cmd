date +%s.%N; cat /proc/uptime
