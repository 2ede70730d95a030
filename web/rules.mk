# SPDX-License-Identifier: EUPL-1.2
# verify.html: one offline page. The only thing that is fetched from npm, by this target alone, at the
# versions and hashes of web/package-lock.json; nothing of it is committed.
WEB := $(BUILD)/web
WEB_SRC := $(wildcard web/src/*)

verify-page: $(BUILD)/verify.html

$(WEB)/.fetched: web/package.json web/package-lock.json web/.npmrc
	$(call say,NPM,$<)
	@command -v npm >/dev/null || { echo "npm is needed: ./bootstrap verify-page" >&2; exit 1; }
	@mkdir -p $(WEB)
	$(Q)cp web/package.json web/package-lock.json web/.npmrc $(WEB)/
	$(Q)cd $(WEB) && npm ci --ignore-scripts --silent
	$(Q)touch $@

$(BUILD)/verify.html: $(WEB)/.fetched web/build.mjs $(WEB_SRC)
	$(call say,PAGE,$@)
	$(Q)cp web/build.mjs $(WEB)/
	$(Q)cd $(WEB) && node build.mjs $(CURDIR)/web/src $(CURDIR)/$@
	@sha256sum $@

.PHONY: verify-page
