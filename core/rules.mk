LIB_core := core/err.c core/buf.c core/io.c core/frame.c core/json_write.c core/json_read.c \
	core/json_doc.c core/text.c core/time.c core/hash.c core/record.c core/request.c \
	core/spawn.c core/custody.c core/cms.c core/mandate_parse.c core/mandate_check.c \
	core/plan.c core/recstore.c core/casestore.c core/index.c core/register.c
