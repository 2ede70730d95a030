/* SPDX-License-Identifier: EUPL-1.2 */
/* token-cert MODULE TOKEN PIN ID LABEL CERT.der: puts a certificate on a test token (SoftHSM). */
#include <dlfcn.h>
#include <p11-kit-1/p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_token(const CK_TOKEN_INFO *info, const char *name)
{
	return strncmp((const char *)info->label, name, strlen(name)) == 0 &&
	       (strlen(name) == sizeof(info->label) || info->label[strlen(name)] == ' ');
}

/* What softhsm2-util leaves out when it imports a key: that a secret may be agreed on with it. */
static void allow_derive(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE s, unsigned char id)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE want[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_ID, &id, 1}};
	CK_ATTRIBUTE set = {CKA_DERIVE, &yes, sizeof(yes)};
	CK_OBJECT_HANDLE h;
	CK_ULONG n = 0;

	f->C_FindObjectsInit(s, want, 2);
	f->C_FindObjects(s, &h, 1, &n);
	f->C_FindObjectsFinal(s);
	if (n == 1)
		f->C_SetAttributeValue(s, h, &set, 1);
}

static int put(CK_FUNCTION_LIST *f, CK_SLOT_ID slot, char **a)
{
	static unsigned char der[65536];
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	unsigned char id = (unsigned char)strtoul(a[4], NULL, 16);
	FILE *in = fopen(a[6], "rb");
	size_t n = in == NULL ? 0 : fread(der, 1, sizeof(der), in);
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
			    {CKA_CERTIFICATE_TYPE, &type, sizeof(type)},
			    {CKA_TOKEN, &yes, sizeof(yes)},
			    {CKA_PRIVATE, &no, sizeof(no)},
			    {CKA_ID, &id, 1},
			    {CKA_LABEL, a[5], strlen(a[5])},
			    {CKA_SUBJECT, der, 1}, /* SoftHSM wants one, and looks no closer */
			    {CKA_VALUE, der, n}};
	CK_SESSION_HANDLE s;
	CK_OBJECT_HANDLE h;

	if (in == NULL || n == 0)
		return 2;
	fclose(in);
	if (f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s) != CKR_OK ||
	    f->C_Login(s, CKU_USER, (unsigned char *)a[3], strlen(a[3])) != CKR_OK)
		return 3;
	allow_derive(f, s, id);
	return f->C_CreateObject(s, t, sizeof(t) / sizeof(t[0]), &h) == CKR_OK ? 0 : 4;
}

int main(int argc, char **argv)
{
	CK_C_GetFunctionList get;
	CK_FUNCTION_LIST *f;
	CK_SLOT_ID slots[16];
	CK_ULONG n = 16;
	void *dl;

	if (argc != 7)
		return 2;
	dl = dlopen(argv[1], RTLD_NOW);
	if (dl == NULL)
		return 2;
	*(void **)&get = dlsym(dl, "C_GetFunctionList");
	if (get == NULL || get(&f) != CKR_OK || f->C_Initialize(NULL) != CKR_OK ||
	    f->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		return 2;
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info;

		if (f->C_GetTokenInfo(slots[i], &info) == CKR_OK && is_token(&info, argv[2]))
			return put(f, slots[i], argv);
	}
	fprintf(stderr, "token-cert: no token %s\n", argv[2]);
	return 5;
}
