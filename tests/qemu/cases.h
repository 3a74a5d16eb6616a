/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cases.h - every case of the payload; main.c says in words what each one shows.
 */
#ifndef TESTS_QEMU_CASES_H
#define TESTS_QEMU_CASES_H

/* case_snapshot.c */
void case_inside(void);
void case_outside(void);
void case_not_the_hosts(void);
void case_readable(void);
void case_hypervisor(void);

#endif
