/* fcntl: F_DUPFD from a minimum, descriptor and status flags. See fcntl(2). static-too */
#include "guest.h"

int main(void)
{
	guest_tmp();
	guest_file("f", "abc");
	int fd = (int)MUST(open("f", O_RDWR));
	CHECK("F_DUPFD", fcntl(fd, F_DUPFD, 50) == 50);
	CHECK("F_DUPFD again", fcntl(fd, F_DUPFD, 50) == 51);
	CHECK("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 50) == 52);
	CHECK_EQ("flag of F_DUPFD", fcntl(50, F_GETFD), 0);
	CHECK_EQ("flag of F_DUPFD_CLOEXEC", fcntl(52, F_GETFD), FD_CLOEXEC);
	CHECK_ERR("negative minimum", fcntl(fd, F_DUPFD, -1), EINVAL);
	CHECK_ERR("minimum over the limit", fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
	CHECK_ERR("closed descriptor", fcntl(60, F_DUPFD, 0), EBADF);
	CHECK_OK("F_SETFD", fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK_EQ("F_GETFD", fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK("access mode", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	CHECK_OK("F_SETFL", fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	CHECK("both are set", (fcntl(50, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
	CHECK_OK("F_SETFL cannot change the access mode", fcntl(fd, F_SETFL, O_WRONLY));
	CHECK("it is unchanged", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	CHECK("the others are cleared", !(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK)));
	CHECK_ERR("unknown command", fcntl(fd, 9999), EINVAL);
	CHECK_ERR("F_GETFL of a closed one", fcntl(60, F_GETFL), EBADF);
	int path = (int)MUST(open("f", O_PATH));
	CHECK("O_PATH shows", fcntl(path, F_GETFL) & O_PATH);
	CHECK_ERR("F_SETFL of O_PATH", fcntl(path, F_SETFL, 0), EBADF);
	return guest_done();
}
