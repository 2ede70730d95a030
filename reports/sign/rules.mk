PROGS += keten-sign

SRCS_keten-sign := $(addprefix reports/sign/,main.c sign.c key.c pin.c p11.c p11_evp.c p11_uri.c stamp.c envelope.c open.c)
LIBS_keten-sign := core
PKGS_keten-sign := libcrypto libcurl

