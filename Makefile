# Requires GNU make and npm, and for the containers Docker with Compose 2. The machine's own Node may be old: it only runs
# npm, which installs the Node of the service into node_modules.

NODE := node_modules/.bin/node
NPM := npm
DOCKER := docker

# npm writes this file at the end of an installation: older than the lock file means out of date.
INSTALLED := node_modules/.package-lock.json
BUILT := dist/.built

.DEFAULT_GOAL := help
.PHONY: help run test check demo up down logs clean
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(BUILT) ## Run the service on this machine; Ctrl-C stops it
	@$(NPM) run -s setup
	@$(NPM) run -s migrate
	@exec $(NODE) --enable-source-maps --max-semi-space-size=4 dist/infrastructure/main.js

test: $(INSTALLED) ## Run every test
	@$(NPM) test

check: $(INSTALLED) ## Run what CI runs: generated code, types, lint, dependency rules, tests
	@$(NPM) run check

demo: $(INSTALLED) ## Send sample messages to the running service, and show its answers
	@$(NPM) run -s demo

up: ## Build the image and start it in Docker; returns when it is ready
	@$(need_compose)
	@$(need_secret)
	$(DOCKER) compose up -d --build --wait

# Compose requires the variables of its file even to stop containers, so these two targets pass a secret that is not used.
down: ## Stop the container and remove its volume, with all messages in it
	@$(need_compose)
	@echo 'This removes the volumes, and permanently deletes every message stored in the container.'
	@WEBHOOK_SECRET="$${WEBHOOK_SECRET:-unused}" $(DOCKER) compose down -v

logs: ## Follow the log of the container
	@$(need_compose)
	@WEBHOOK_SECRET="$${WEBHOOK_SECRET:-unused}" $(DOCKER) compose logs -f api

clean: ## Remove build results; messages, .env and node_modules stay
	rm -rf dist coverage

$(INSTALLED): package-lock.json
	@command -v $(NPM) > /dev/null || { echo '$(NPM) is not installed: it comes with Node.js' >&2; exit 1; }
	$(NPM) ci --loglevel=error --no-audit --no-fund
	@touch $@

# Builds from scratch, because tsc keeps the output of deleted and renamed sources, and a stale migration would run.
# The folders are prerequisites too, because they change when a file in them is deleted.
$(BUILT): $(INSTALLED) tsconfig.json tsconfig.build.json $(shell find src)
	@rm -rf dist
	$(NPM) run -s build
	@touch $@

define need_compose
if ! command -v $(DOCKER) > /dev/null; then \
	echo '$(DOCKER) is not installed; "make run" starts the service without it' >&2; exit 1; \
elif ! $(DOCKER) compose version > /dev/null 2>&1; then \
	echo '"$(DOCKER) compose" does not work: Docker Compose 2 is missing' >&2; exit 1; \
fi
endef

# Compose reads .env too. As in Compose, the environment takes precedence, even if the variable is empty; the last line counts.
define secret_in_env_file
sed -n "1s/^$$(printf '\357\273\277')//; s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}WEBHOOK_SECRET[[:space:]]*=//p" .env 2> /dev/null | tail -n 1 | \
	tr -d '\r' | sed "s/^[[:space:]]*#.*//; s/[[:space:]]\{1,\}#.*//; s/[[:space:]\"'\`]//g"
endef

define need_secret
if [ -z "$${WEBHOOK_SECRET-$$($(secret_in_env_file))}" ]; then \
	echo 'WEBHOOK_SECRET is not set. Choose one, then try again:' >&2; \
	echo '  export WEBHOOK_SECRET="your-secret-here"' >&2; exit 1; \
fi
endef
