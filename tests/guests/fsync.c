/* fsync, fdatasync, sync_file_range, sync. See fsync(2), sync_file_range(2). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	guest_tmp();
	int fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0644));
	MUST(write(fd, "data", 4));
	CHECK_OK("fsync", fsync(fd));
	CHECK_OK("fdatasync", fdatasync(fd));
	CHECK_OK("fsync of a read-only descriptor", fsync((int)MUST(open("f", O_RDONLY))));
	CHECK_OK("fsync of a directory", fsync((int)MUST(open(".", O_RDONLY))));
	CHECK_OK("sync_file_range", sync_file_range(fd, 0, 4, SYNC_FILE_RANGE_WRITE));
	CHECK_STR("contents", guest_text("f"), "data");
	int s = (int)CHECK_OK("O_SYNC", open("g", O_WRONLY | O_CREAT | O_SYNC, 0644));
	CHECK_EQ("write", write(s, "sync", 4), 4);
	CHECK("O_SYNC shows", (fcntl(s, F_GETFL) & O_SYNC) == O_SYNC);
	MUST(pipe(p));
	CHECK_ERR("fsync of a pipe", fsync(p[0]), EINVAL);
	CHECK_ERR("fdatasync of a pipe", fdatasync(p[0]), EINVAL);
	CHECK_ERR("sync_file_range of a pipe", sync_file_range(p[0], 0, 1, 0), ESPIPE);
	CHECK_ERR("sync_file_range, unknown flags", sync_file_range(fd, 0, 1, 64), EINVAL);
	CHECK_ERR("fsync of O_PATH", fsync((int)MUST(open("f", O_PATH))), EBADF);
	return guest_done();
}
