/* Writes of PIPE_BUF bytes by several processes do not mix. See pipe(7). static-too */
#include "guest.h"

#define WRITERS 4
#define RECORDS 40

int main(void)
{
	int p[2], mixed = 0, count[WRITERS] = {0}, good = 0;
	static char record[PIPE_BUF];
	pid_t pid[WRITERS];
	MUST(pipe(p));
	for (int i = 0; i < WRITERS; i++) {
		if ((pid[i] = guest_fork()) == 0) {
			MUST(close(p[0]));
			memset(record, 'a' + i, sizeof record);
			for (int k = 0; k < RECORDS; k++)
				if (write(p[1], record, sizeof record) != sizeof record)
					_exit(1);
			_exit(0);
		}
	}
	MUST(close(p[1]));
	while (guest_read(p[0], record, sizeof record) == sizeof record) {
		for (size_t k = 1; k < sizeof record; k++)
			mixed += record[k] != record[0];
		if (record[0] >= 'a' && record[0] < 'a' + WRITERS)
			count[record[0] - 'a']++;
	}
	for (int i = 0; i < WRITERS; i++) {
		good += count[i] == RECORDS;
		CHECK_EXIT("writer", guest_wait(pid[i]), 0);
	}
	CHECK_EQ("bytes mixed into another record", mixed, 0);
	CHECK_EQ("writers with all records seen", good, WRITERS);
	return guest_done();
}
