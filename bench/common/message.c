/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * message.c - one clear line on standard error.
 */
#include "bench/common/message.h"

#include <stdarg.h>
#include <stdio.h>

#include <shadow/error.h>

#include "bench/common/progress.h"

void message(const char *format, ...)
{
	va_list arguments;

	progress_hide();
	fflush(stdout);
	fputs("s2shadow: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

const char *message_error(int error)
{
	switch (-error) {
	case SHADOW_EIO:
		return "a device failed";
	case SHADOW_EAGAIN:
		return "not flushed yet";
	case SHADOW_ENOMEM:
		return "out of memory";
	case SHADOW_EBUSY:
		return "done before";
	case SHADOW_ENODEV:
		return "the SMMU lacks what is needed";
	case SHADOW_EINVAL:
		return "a value is out of its range";
	case SHADOW_ENOSPC:
		return "no room for another SMMU or stream";
	case SHADOW_EOPNOTSUPP:
		return "not possible under this policy";
	case SHADOW_ETIMEDOUT:
		return "a device did not answer in time";
	default:
		return "unknown error";
	}
}
