// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of the recorder: the kernel option that lets EL2 make semihosting calls, and two
 * files in debugfs, s2record/control and s2record/data.
 *
 * control takes "start", "start KIB", "stop" and "mark HEX". With KIB, EL2 writes to a ring of so
 * many KiB, which the host donates until the recording was read to its end; data gives it out.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <asm/kvm_mmu.h>
#include <asm/kvm_pkvm.h>
#include <asm/kvm_record.h>
#include <asm/virt.h>

#define POLL_MS 10

extern bool kvm_nvhe_sym(record_semihosting);

static DEFINE_MUTEX(record_mutex);
static void *ring; /* donated */
static unsigned int ring_order;
static bool running;
static void *shared; /* what EL2 copies to; from the first ring on */

static int __init early_record_cfg(char *arg)
{
	if (!arg || strcmp(arg, "semihosting"))
		return -EINVAL;
	kvm_nvhe_sym(record_semihosting) = true;
	running = true; /* from initialisation on */
	return 0;
}
early_param("kvm-arm.s2record", early_record_cfg);

static long record_call(enum record_op op, u64 first, u64 second)
{
	return kvm_call_hyp_nvhe(__pkvm_record, op, first, second);
}

/* ---- control ---- */

static int share_page(void)
{
	void *page = (void *)get_zeroed_page(GFP_KERNEL);
	int ret = page ? kvm_share_hyp(page, page + PAGE_SIZE) : -ENOMEM;

	if (ret)
		free_page((unsigned long)page);
	else
		shared = page;
	return ret;
}

static long start_ring(unsigned long kib)
{
	unsigned int order = get_order(kib << 10);
	void *pages;
	long ret;

	if (!is_power_of_2(kib) || kib << 10 < PAGE_SIZE || order > MAX_PAGE_ORDER)
		return -EINVAL;
	ret = shared ? 0 : share_page();
	if (ret)
		return ret;
	pages = (void *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, order);
	if (!pages)
		return -ENOMEM;
	ret = record_call(RECORD_OP_START, page_to_pfn(virt_to_page(pages)), 1ul << order);
	if (ret) {
		free_pages((unsigned long)pages, order);
		return ret;
	}
	ring = pages;
	ring_order = order;
	return 0;
}

static long start(const char *kib)
{
	unsigned long number;
	long ret;

	if (ring)
		return -EBUSY; /* not yet read to its end */
	if (!*kib)
		ret = record_call(RECORD_OP_START, 0, 0);
	else
		ret = kstrtoul(skip_spaces(kib), 10, &number) ? -EINVAL : start_ring(number);
	if (!ret)
		running = true;
	return ret;
}

static long stop(void)
{
	long ret = record_call(RECORD_OP_STOP, 0, 0);

	if (!ret)
		running = false;
	return ret;
}

static long control(char *command)
{
	unsigned long number;

	if (!strcmp(command, "stop"))
		return stop();
	if (!strncmp(command, "mark ", 5) && !kstrtoul(command + 5, 16, &number))
		return record_call(RECORD_OP_MARK, number, 0);
	if (!strcmp(command, "start") || !strncmp(command, "start ", 6))
		return start(command + 5);
	return -EINVAL;
}

static ssize_t control_write(struct file *file, const char __user *from, size_t bytes, loff_t *at)
{
	char command[32] = "";
	long ret;

	if (bytes >= sizeof(command))
		return -EINVAL;
	if (copy_from_user(command, from, bytes))
		return -EFAULT;
	mutex_lock(&record_mutex);
	ret = control(strim(command));
	mutex_unlock(&record_mutex);
	return ret ? ret : bytes;
}

static const struct file_operations control_operations = {
	.owner = THIS_MODULE,
	.write = control_write,
};

/* ---- data ---- */

static void release_ring(void)
{
	if (!record_call(RECORD_OP_RELEASE, 0, 0))
		free_pages((unsigned long)ring, ring_order);
	ring = NULL; /* EL2 keeps what it does not give back */
}

/* Up to a page. 0 at the end of a recording that was stopped, -EAGAIN where more may come. */
static ssize_t take(char __user *to, size_t bytes)
{
	long got;

	if (!ring)
		return 0;
	if (bytes < PAGE_SIZE)
		return -EINVAL;
	got = record_call(RECORD_OP_READ, page_to_pfn(virt_to_page(shared)), 0);
	if (got > 0)
		return copy_to_user(to, shared, got) ? -EFAULT : got;
	if (!got && running)
		return -EAGAIN;
	if (!got)
		release_ring();
	return got;
}

static ssize_t data_read(struct file *file, char __user *to, size_t bytes, loff_t *at)
{
	ssize_t ret;

	for (;;) {
		mutex_lock(&record_mutex);
		ret = take(to, bytes);
		mutex_unlock(&record_mutex);
		if (ret != -EAGAIN)
			return ret;
		if (msleep_interruptible(POLL_MS))
			return -EINTR;
	}
}

static const struct file_operations data_operations = {
	.owner = THIS_MODULE,
	.read = data_read,
};

static int __init record_init(void)
{
	struct dentry *folder;

	if (!is_protected_kvm_enabled())
		return 0;
	folder = debugfs_create_dir("s2record", NULL);
	debugfs_create_file("control", 0200, folder, NULL, &control_operations);
	debugfs_create_file("data", 0400, folder, NULL, &data_operations);
	return 0;
}
late_initcall(record_init);
