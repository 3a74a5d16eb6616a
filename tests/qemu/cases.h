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

/* case_revoke.c */
void case_revoke_page(void);
void case_revoke_run(void);
void case_revoke_in_2m(void);
void case_revoke_in_1g(void);
void case_revoke_run_in_1g(void);
void case_revoke_bbm(void);
void case_revoke_in_group(void);
void case_revoke_16k(void);
void case_revoke_64k(void);
void case_revoke_odd(void);
void case_range_commands(void);

/* case_grant.c */
void case_grant(void);
void case_grant_readable(void);
void case_grant_reserved(void);
void case_collapse(void);

/* case_stale.c */
void case_stale_until_invalidated(void);
void case_stale_until_complete(void);
void case_slow(void);

/* case_stream.c */
void case_stream_later(void);
void case_stream_abort(void);
void case_abort_all(void);
void case_two_levels(void);
void case_shutdown(void);
void case_detach(void);
void case_power(void);
void case_reset(void);
void case_take_over(void);

/* case_error.c */
void case_refused_command(void);
void case_refused_configuration(void);
void case_unknown_command(void);
void case_unreadable_queue(void);
void case_queue_wrap(void);
void case_event_overflow(void);
void case_irq_events(void);
void case_irq_gerror(void);
void case_unwritable_events(void);

/* case_nvme.c */
void case_nvme(void);
void case_nvme_queue(void);

/* case_cost.c */
void case_cost(void);

/* case_cpus.c */
void case_cpus(void);

#endif
