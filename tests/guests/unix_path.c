/* Unix stream sockets bound to a path. See unix(7), bind(2), connect(2). static-too */
#include "guest.h"

static struct sockaddr_un name(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(a.sun_path, path);
	return a;
}

static int stream(void) { return (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)); }

int main(void)
{
	struct sockaddr_un a = name("sock"), none = name("missing"), got;
	struct stat st;
	socklen_t len;
	char text[16] = "";
	guest_tmp();
	guest_file("plain", "");
	int l = stream(), c = stream();
	CHECK_ERR("connect, no such path", connect(c, (struct sockaddr *)&none, sizeof none), ENOENT);
	CHECK_OK("bind", bind(l, (struct sockaddr *)&a, sizeof a));
	MUST(lstat("sock", &st));
	CHECK("the path is a socket", S_ISSOCK(st.st_mode));
	CHECK_ERR("bind another to it", bind(c, (struct sockaddr *)&a, sizeof a), EADDRINUSE);
	CHECK_ERR("bind twice", bind(l, (struct sockaddr *)&none, sizeof none), EINVAL);
	CHECK_ERR("connect before listen", connect(c, (struct sockaddr *)&a, sizeof a), ECONNREFUSED);
	CHECK_ERR("open it", open("sock", O_RDWR), ENXIO);
	CHECK_OK("listen", listen(l, 5));
	CHECK_OK("connect", connect(c, (struct sockaddr *)&a, sizeof a));
	CHECK_ERR("connect again", connect(c, (struct sockaddr *)&a, sizeof a), EISCONN);
	MUST(write(c, "early", 5)); /* before accept */
	len = sizeof got;
	int s = (int)CHECK_OK("accept", accept(l, (struct sockaddr *)&got, &len));
	CHECK_EQ("the client has no name", len, sizeof(sa_family_t));
	CHECK_EQ("data sent before accept", read(s, text, sizeof text), 5);
	len = sizeof got;
	MUST(getpeername(c, (struct sockaddr *)&got, &len));
	CHECK_STR("peer name at the client", got.sun_path, "sock");
	len = sizeof got;
	MUST(getsockname(s, (struct sockaddr *)&got, &len));
	CHECK_STR("own name at the server", got.sun_path, "sock");
	struct sockaddr_un p = name("plain");
	int d = stream();
	CHECK_ERR("connect to a regular file", connect(d, (struct sockaddr *)&p, sizeof p), ECONNREFUSED);
	MUST(unlink("sock"));
	CHECK_ERR("connect after unlink", connect(d, (struct sockaddr *)&a, sizeof a), ENOENT);
	CHECK_EQ("the connection goes on", write(s, "still", 5), 5);
	CHECK_EQ("read", read(c, text, sizeof text), 5);
	CHECK_OK("bind the path again", bind(d, (struct sockaddr *)&a, sizeof a));
	MUST(close(d));
	CHECK_OK("closing leaves the path", lstat("sock", &st));
	CHECK_ERR("nobody behind it", connect(stream(), (struct sockaddr *)&a, sizeof a), ECONNREFUSED);
	return guest_done();
}
