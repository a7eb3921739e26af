/* renameat2: RENAME_NOREPLACE and RENAME_EXCHANGE. See rename(2). static-too */
#include "guest.h"

int main(void)
{
	struct stat st;
	guest_tmp();
	guest_file("a", "text a");
	guest_file("b", "text b");
	MUST(mkdir("d", 0755));
	CHECK_ERR("NOREPLACE, taken", renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
	CHECK_OK("NOREPLACE, free", renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
	CHECK_OK("EXCHANGE", renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
	CHECK_STR("b", guest_text("b"), "text a");
	CHECK_STR("c", guest_text("c"), "text b");
	CHECK_OK("EXCHANGE with a directory", renameat2(AT_FDCWD, "b", AT_FDCWD, "d", RENAME_EXCHANGE));
	MUST(stat("b", &st));
	CHECK("now the directory", S_ISDIR(st.st_mode));
	CHECK_ERR("EXCHANGE with nothing", renameat2(AT_FDCWD, "b", AT_FDCWD, "no", RENAME_EXCHANGE), ENOENT);
	CHECK_ERR("both flags", renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
	CHECK_ERR("unknown flags", renameat2(AT_FDCWD, "b", AT_FDCWD, "x", 1 << 10), EINVAL);
	return guest_done();
}
