# program: nats-server 2.9
# package: nats-server
# work: subscribe, publish, request, ping over two connections
/usr/sbin/nats-server -l /tmp/log &
sleep 1
exec 3<>/dev/tcp/127.0.0.1/4222 4<>/dev/tcp/127.0.0.1/4222
printf 'CONNECT {"verbose":false}\r\nSUB a.* 1\r\nPING\r\n' >&3
sed -un '2{p;q}' <&3 | tr -d '\r'
printf 'CONNECT {"verbose":false}\r\nPUB a.b 2\r\nhi\r\nPING\r\n' >&4
sed -un '2{p;q}' <&4 | tr -d '\r'
sed -u 2q <&3 | tr -d '\r'
# expect: PONG
# expect: PONG
# expect: MSG a.b 1 2
# expect: hi
