/* Named pipes: opening waits for the other side unless O_NONBLOCK. See
   fifo(7), mkfifo(3). static-too */
#include "guest.h"

static void writer(void)
{
	int w = (int)MUST(open("fifo", O_WRONLY)); /* waits for the reader */
	guest_write(w, "through", 7);
}

int main(void)
{
	char text[16] = "";
	struct stat st;
	guest_tmp();
	CHECK_OK("mkfifo", mkfifo("fifo", 0640));
	CHECK_ERR("mkfifo again", mkfifo("fifo", 0640), EEXIST);
	MUST(stat("fifo", &st));
	CHECK("it is a FIFO", S_ISFIFO(st.st_mode));
	CHECK_OCT("permissions", st.st_mode & 0777, 0640);
	CHECK_ERR("write-only, non-blocking, no reader", open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	int r = (int)CHECK_OK("read-only, non-blocking", open("fifo", O_RDONLY | O_NONBLOCK));
	CHECK_EQ("no writer yet reads as the end", read(r, text, 1), 0);
	CHECK_EQ("but poll waits for one", guest_poll(r, POLLIN, 0), 0);
	int w = (int)CHECK_OK("write-only with a reader", open("fifo", O_WRONLY | O_NONBLOCK));
	CHECK_ERR("a writer, no data", read(r, text, 1), EAGAIN);
	MUST(write(w, "data", 4));
	CHECK_EQ("data", read(r, text, sizeof text), 4);
	MUST(close(w));
	CHECK_EQ("end", read(r, text, 1), 0);
	CHECK_EQ("poll", guest_poll(r, POLLIN, -1), POLLHUP);
	MUST(close(r));

	pid_t pid = guest_fork();
	if (pid == 0) {
		writer();
		guest_child_exit();
	}
	r = (int)CHECK_OK("open waits for the writer", open("fifo", O_RDONLY));
	CHECK_EQ("read to the end", guest_read(r, text, sizeof text), 7);
	CHECK_STR("contents", text, "through");
	CHECK_EXIT("writer", guest_wait(pid), 0);
	return guest_done();
}
