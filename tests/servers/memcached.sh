# program: memcached 1.6
# package: memcached
# work: set, get, add, incr, delete, expiry, two connections
memcached &
sleep 1
exec 3<>/dev/tcp/127.0.0.1/11211 4<>/dev/tcp/127.0.0.1/11211
printf 'set a 0 1 1\r\n5\r\nincr a 2\r\nadd a 0 0 1\r\n9\r\n' >&3
sed -u 3q <&3 | tr -d '\r'
printf 'get a\r\ndelete a\r\nget a\r\nquit\r\n' >&4
cat <&4 | tr -d '\r'
printf 'set b 0 1 1\r\n7\r\n' >&3; sed -u 1q <&3 | tr -d '\r'
sleep 3
printf 'get b\r\nquit\r\n' >&3; cat <&3 | tr -d '\r'
# expect: STORED
# expect: 7
# expect: NOT_STORED
# expect: VALUE a 0 1
# expect: 7
# expect: END
# expect: DELETED
# expect: END
# expect: STORED
# expect: END
