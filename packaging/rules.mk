# SPDX-License-Identifier: EUPL-1.2
# What an installed Keten needs beside its programs, and the packages.
DOCS_INSTALLED := LICENSE docs/user docs/formats docs/decisions.md docs/hardware-checks.md

man: $(BUILD)/keten
	$(Q)packaging/man/make-man $(BUILD)/keten $(BUILD)/man

sbom: programs
	$(Q)packaging/sbom $(BUILD) >$(BUILD)/keten.cdx.json

deb:
	$(Q)packaging/make-deb $(BUILD)/deb

install: install-extras
install-extras: programs man
	install -d $(DESTDIR)/usr/bin $(DESTDIR)/usr/share/keten $(DESTDIR)/usr/share/doc/keten \
		$(DESTDIR)/usr/share/man/man1
	ln -sf ../libexec/keten/keten-desktop $(DESTDIR)/usr/bin/keten-desktop
	install -m 644 $(BUILD)/man/*.1 $(DESTDIR)/usr/share/man/man1
	install -D -m 644 packaging/completion/keten.bash $(DESTDIR)/usr/share/bash-completion/completions/keten
	install -D -m 644 -t $(DESTDIR)/etc/apparmor.d packaging/apparmor/*
	install -D -m 644 packaging/desktop/desktop.conf $(DESTDIR)/etc/keten/desktop.conf
	install -D -m 644 -t $(DESTDIR)/usr/share/applications packaging/desktop/eu.keten.Keten.desktop
	install -D -m 644 -t $(DESTDIR)/usr/share/metainfo packaging/desktop/eu.keten.Keten.metainfo.xml
	install -D -m 644 -t $(DESTDIR)/usr/share/icons/hicolor/scalable/apps packaging/desktop/eu.keten.Keten.svg
	[ ! -d data/information ] || cp -R data/information $(DESTDIR)/usr/share/keten/
	cp -R $(DOCS_INSTALLED) $(DESTDIR)/usr/share/doc/keten/
	cp docs/user/administrator.md docs/user/data-protection-assessment.md $(DESTDIR)/usr/share/doc/keten/

.PHONY: man sbom deb install-extras
