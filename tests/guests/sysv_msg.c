/* System V message queues: order by type, sizes, waiting readers and writers,
   removal. See msgop(2), msgctl(2). static-too */
#include "guest.h"
#include <sys/ipc.h>
#include <sys/msg.h>

struct message {
	long type;
	char text[64];
};

static int put(int id, long type, const char *text, int flags)
{
	struct message m = {type, ""};
	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text) + 1, flags);
}

static const char *get(int id, long type, int flags)
{
	static struct message m;
	ssize_t n = msgrcv(id, &m, sizeof m.text, type, flags);
	return n < 0 ? guest_errno_name(errno) : m.text;
}

int main(void)
{
	int status;
	struct msqid_ds ds;
	struct message m;
	int id = (int)MUST(msgget(IPC_PRIVATE, 0600));
	CHECK_STR("empty", get(id, 0, IPC_NOWAIT), "ENOMSG");
	CHECK_ERR("type 0", put(id, 0, "x", 0), EINVAL);
	MUST(put(id, 3, "three", 0));
	MUST(put(id, 1, "one", 0));
	MUST(put(id, 2, "two", 0));
	MUST(put(id, 1, "uno", 0));
	MUST(msgctl(id, IPC_STAT, &ds));
	CHECK_EQ("messages", ds.msg_qnum, 4);
	CHECK_EQ("bytes", ds.__msg_cbytes, 18);
	CHECK_STR("of type 2", get(id, 2, 0), "two");
	CHECK_STR("lowest up to 2", get(id, -2, 0), "one");
	CHECK_STR("any but type 3", get(id, 3, MSG_EXCEPT), "uno");
	CHECK_ERR("too long for the buffer", msgrcv(id, &m, 2, 0, 0), E2BIG);
	CHECK_EQ("cut off", msgrcv(id, &m, 2, 0, MSG_NOERROR), 2);
	CHECK_ERR("too long for a message", msgsnd(id, &m, 100000, 0), EINVAL);
	pid_t child = MUST(fork());
	if (child == 0)
		_exit(strcmp(get(id, 9, 0), "nine") == 0 ? 5 : 6);
	usleep(5000);
	MUST(put(id, 8, "eight", 0));
	MUST(put(id, 9, "nine", 0));
	MUST(waitpid(child, &status, 0));
	CHECK_EQ("the reader got its type", WEXITSTATUS(status), 5);
	CHECK_STR("the other stayed", get(id, 0, 0), "eight");
	int n = 0;
	while (put(id, 1, "0123456789012345678901234567890", IPC_NOWAIT) == 0)
		n++;
	CHECK("full", n == (int)ds.msg_qbytes / 32 && errno == EAGAIN);
	child = MUST(fork());
	if (child == 0)
		_exit(put(id, 1, "more", 0) == -1 && errno == EIDRM ? 7 : 8);
	usleep(5000);
	CHECK_OK("remove", msgctl(id, IPC_RMID, NULL));
	MUST(waitpid(child, &status, 0));
	CHECK_EQ("the writer is told", WEXITSTATUS(status), 7);
	CHECK_ERR("gone", put(id, 1, "x", 0), EINVAL);
	return guest_done();
}
