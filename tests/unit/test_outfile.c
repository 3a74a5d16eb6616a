/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_outfile.c - an output file appears whole or not at all.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/common/outfile.h"

static char directory[64];
static int back;

/* Each test runs in an empty directory. */
static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/s2shadow-test-XXXXXX");
	return !mkdtemp(directory) || chdir(directory) ? -1 : 0;
}

static int tear_down(void **state)
{
	DIR *list = opendir(".");
	struct dirent *entry;

	(void)state;
	while (list && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlink(entry->d_name);
	if (list)
		closedir(list);
	return fchdir(back) || rmdir(directory) ? -1 : 0;
}

static unsigned files(void)
{
	DIR *list = opendir(".");
	unsigned count = 0;

	assert_non_null(list);
	while (readdir(list))
		count++;
	closedir(list);
	return count - 2;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_content(const char *path, const char *expected)
{
	FILE *file = fopen(path, "r");
	char text[64] = { 0 };

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) <= sizeof(text));
	fclose(file);
	assert_string_equal(text, expected);
}

static void a_committed_file_replaces_its_target(void **state)
{
	struct outfile out;

	(void)state;
	write_file("out", "old");
	assert_int_equal(outfile_open(&out, "out"), 0);
	fputs("new", out.file);
	fflush(out.file);
	assert_content("out", "old");
	assert_int_equal(outfile_commit(&out), 0);

	assert_content("out", "new");
	assert_int_equal(files(), 1);
}

static void a_discarded_file_leaves_the_old_one(void **state)
{
	struct outfile out;

	(void)state;
	write_file("out", "old");
	assert_int_equal(outfile_open(&out, "out"), 0);
	fputs("new", out.file);
	outfile_discard(&out);

	assert_content("out", "old");
	assert_int_equal(files(), 1);
}

static void a_discarded_new_file_leaves_nothing(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(outfile_open(&out, "out"), 0);
	outfile_discard(&out);
	outfile_discard(&out);

	assert_int_equal(files(), 0);
}

static void a_new_file_has_the_usual_rights(void **state)
{
	struct outfile out;
	struct stat info;
	mode_t mask = umask(027);

	(void)state;
	assert_int_equal(outfile_open(&out, "out"), 0);
	assert_int_equal(outfile_commit(&out), 0);
	umask(mask);

	assert_int_equal(stat("out", &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
}

static void a_link_stays_a_link(void **state)
{
	struct outfile out;
	struct stat info;

	(void)state;
	write_file("target", "old");
	assert_int_equal(symlink("target", "link"), 0);
	assert_int_equal(outfile_open(&out, "link"), 0);
	fputs("new", out.file);
	assert_int_equal(outfile_commit(&out), 0);

	assert_int_equal(lstat("link", &info), 0);
	assert_true(S_ISLNK(info.st_mode));
	assert_content("target", "new");
}

static void what_is_no_regular_file_is_written_directly(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(outfile_open(&out, "/dev/null"), 0);
	fputs("new", out.file);
	assert_int_equal(outfile_commit(&out), 0);
	assert_int_equal(outfile_open(&out, "/dev/full"), 0);
	fputs("new", out.file);
	assert_int_equal(outfile_commit(&out), -1);

	assert_int_equal(files(), 0);
}

static void a_directory_and_a_missing_one_are_refused(void **state)
{
	struct outfile out;

	(void)state;
	assert_int_equal(outfile_open(&out, "."), -1);
	assert_int_equal(outfile_open(&out, "missing/out"), -1);
	outfile_discard(&out);

	assert_int_equal(files(), 0);
}

static void a_signal_removes_what_is_not_committed(void **state)
{
	int status;
	pid_t child;

	(void)state;
	write_file("old", "old");
	child = fork();
	if (!child) {
		struct outfile first, second, done;

		if (outfile_open(&first, "first") || outfile_open(&done, "done") ||
		    outfile_open(&second, "old") || outfile_commit(&done))
			_exit(1);
		raise(SIGTERM);
		_exit(2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(files(), 2);
	assert_content("old", "old");
	assert_content("done", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_committed_file_replaces_its_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_discarded_file_leaves_the_old_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_discarded_new_file_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_file_has_the_usual_rights, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_stays_a_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_written_directly, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_directory_and_a_missing_one_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_signal_removes_what_is_not_committed, set_up, tear_down),
	};

	back = open(".", O_RDONLY | O_DIRECTORY);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
