# program: nginx 1.22, master and two workers
# package: nginx-light curl
# work: static files by sendfile, a reverse proxy, conditional requests, reload, graceful end
mkdir -p /tmp/www
seq 1 20000 >/tmp/www/big
echo hello >/tmp/www/small
cat >/tmp/nginx.conf <<'C'
worker_processes 2; pid /tmp/nginx.pid; error_log /tmp/error.log info;
events { worker_connections 64; }
http {
  sendfile on; access_log /tmp/access.log;
  client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f; uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server { listen 8080; root /tmp/www; location /p/ { proxy_pass http://127.0.0.1:8081/; } }
  server { listen 8081; root /tmp/www; }
}
C
/usr/sbin/nginx -e /tmp/error.log -c /tmp/nginx.conf
sleep 1
curl -s http://127.0.0.1:8080/small
curl -s http://localhost:8080/p/small
curl -s http://127.0.0.1:8080/big | md5sum
md5sum </tmp/www/big
curl -s -o /dev/null -w '%{http_code}\n' -H "If-Modified-Since: $(date -ur /tmp/www/small "+%a, %d %b %Y %T GMT")" http://127.0.0.1:8080/small
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/none
for i in 1 2 3 4 5 6 7 8; do curl -s http://127.0.0.1:8080/small >/dev/null & done; sleep 1
kill -HUP "$(cat /tmp/nginx.pid)"; sleep 1
curl -s http://127.0.0.1:8080/small
kill -QUIT "$(cat /tmp/nginx.pid)"; sleep 1
wc -l </tmp/access.log
grep -c 'worker process .* exited' /tmp/error.log
# expect: hello
# expect: hello
# expect: e071f707df7bbeee2a6a1eb48011ddd0  -
# expect: 304
# expect: 404
# expect: hello
