/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * message.h - one clear line on standard error.
 */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

/* Print "s2shadow: " and the text and a newline. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a negative SHADOW_E* means, in words. */
const char *message_error(int error);

#endif
