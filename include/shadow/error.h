/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * error.h - error codes. Functions return 0 or the negative of one of these.
 *
 * Numbered as Linux numbers them, so that a kernel can pass them through; EL2 has no errno.h.
 */
#ifndef SHADOW_ERROR_H
#define SHADOW_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum shadow_error {
	SHADOW_EIO = 5,		 /* a device failed and was shut, or could not be shut */
	SHADOW_EAGAIN = 11,	 /* not now: flush first, or ask again */
	SHADOW_ENOMEM = 12,	 /* memory that was handed in is too small; nothing was changed */
	SHADOW_EBUSY = 16,	 /* already attached, or the snapshot is already done */
	SHADOW_ENODEV = 19,	 /* the SMMU lacks something that is needed */
	SHADOW_EINVAL = 22,	 /* a value is out of its range */
	SHADOW_ENOSPC = 28,	 /* no slot left for another SMMU or stream */
	SHADOW_EOPNOTSUPP = 95,	 /* legal, but this target's policy forbids it */
	SHADOW_ETIMEDOUT = 110,	 /* the device did not answer in the time given */
};

#ifdef __cplusplus
}
#endif
#endif
