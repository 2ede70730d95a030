PROGS += keten-sign

SRCS_keten-sign := reports/sign/main.c reports/sign/sign.c
LIBS_keten-sign := core
PKGS_keten-sign := libcrypto
