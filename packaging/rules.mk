# SPDX-License-Identifier: EUPL-1.2
# What an installed Keten needs beside its programs, and the packages.
DOCS_INSTALLED := LICENSE docs/user docs/formats docs/decisions.md docs/hardware-checks.md

man: $(BUILD)/keten
	$(Q)packaging/man/make-man $(BUILD)/keten $(BUILD)/man

sbom: programs
	$(Q)packaging/sbom $(BUILD) >$(BUILD)/keten.cdx.json

deb: verify-page
	$(Q)packaging/make-deb $(BUILD)/deb $(BUILD)/verify.html

# verify.html comes from npm (web/rules.mk), so it is installed where it was made before
PAGE ?= $(wildcard $(BUILD)/verify.html)

install: install-extras
install-extras: programs man
	install -d $(DESTDIR)/usr/bin $(DESTDIR)/usr/share/keten $(DESTDIR)/usr/share/doc/keten \
		$(DESTDIR)/usr/share/man/man1 $(DESTDIR)/usr/share/man/man8
	ln -sf ../libexec/keten/keten-desktop $(DESTDIR)/usr/bin/keten-desktop
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)/usr/share/man/man1
	install -m 644 $(BUILD)/man/*.8 $(DESTDIR)/usr/share/man/man8
	install -D -m 644 packaging/completion/keten.bash $(DESTDIR)/usr/share/bash-completion/completions/keten
	install -D -m 644 -t $(DESTDIR)/etc/apparmor.d packaging/apparmor/*
	install -D -m 644 packaging/desktop/desktop.conf $(DESTDIR)/etc/keten/desktop.conf
	install -D -m 644 -t $(DESTDIR)/usr/share/applications packaging/desktop/eu.keten.Keten.desktop
	install -D -m 644 -t $(DESTDIR)/usr/share/metainfo packaging/desktop/eu.keten.Keten.metainfo.xml
	install -D -m 644 -t $(DESTDIR)/usr/share/icons/hicolor/scalable/apps packaging/desktop/eu.keten.Keten.svg
	install -D -m 644 -t $(DESTDIR)/usr/lib/systemd/system packaging/kiosk/keten-kiosk.service
	cp -R data/information $(DESTDIR)/usr/share/keten/
	$(if $(PAGE),install -m 644 $(PAGE) $(DESTDIR)/usr/share/keten/verify.html)
	cp -R $(DOCS_INSTALLED) $(DESTDIR)/usr/share/doc/keten/
	sed -i 's#](\.\./\.\./data/information/#](../../../keten/information/#' $(DESTDIR)/usr/share/doc/keten/*/*.md
	cp docs/user/administrator.md docs/user/data-protection-assessment.md $(DESTDIR)/usr/share/doc/keten/

.PHONY: man sbom deb install-extras
