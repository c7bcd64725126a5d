// SPDX-License-Identifier: GPL-2.0
/*
 * Make an empty directory an encrypted one, with a key of no secrecy.
 *
 * usage: dmem_fscrypt DIRECTORY
 */
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	struct {
		struct fscrypt_add_key_arg arg;
		unsigned char raw[64];
	} key;
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
	};
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: dmem_fscrypt DIRECTORY\n");
		return 2;
	}
	memset(&key, 0, sizeof(key));
	memset(key.raw, 0x5a, sizeof(key.raw));
	key.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	key.arg.raw_size = sizeof(key.raw);
	fd = open(argv[1], O_RDONLY | O_DIRECTORY);
	if (fd < 0 || ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &key)) {
		perror("dmem_fscrypt: adding the key");
		return 1;
	}
	memcpy(policy.master_key_identifier,
	       key.arg.key_spec.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
	if (ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy)) {
		perror("dmem_fscrypt: setting the policy");
		return 1;
	}
	return 0;
}
