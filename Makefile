# The companion and the Pulumi CLI are Go programs of this repository's modules: Go, make and git are all that is needed.

# The same flags as the Pulumi CLI builds programs with, so that both share one build cache.
export GOFLAGS := -trimpath -buildvcs=false

PULUMI_VERSION := $(shell sed -n 's|.*github.com/pulumi/pulumi/pkg/v3 \(v[0-9.]*\).*|\1|p' bifrostctl/go.mod)
# An installed Pulumi CLI of 3.218 or newer serves as well as one built here.
INSTALLED := $(shell pulumi version 2>/dev/null | grep -E '^v3\.(20[5-9]|2[1-9][0-9]|[3-9][0-9]{2}|[0-9]{4,})\.')
PULUMI := $(if $(INSTALLED),,bin/pulumi)
STACKS := aws-dev azure-dev
# Where the sandbox keeps its clouds.
SANDBOX := .sandbox
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.DEFAULT_GOAL := help
.PHONY: help build sandbox test bench lint golden clean FORCE

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

build: $(PULUMI) bin/bifrost bin/bifrostctl ## build bin/bifrost, bin/bifrostctl and, where none is installed, bin/pulumi

sandbox: build ## bring both dev stacks up on the sandbox: no cloud account, no credentials
	@set -e; for stack in $(STACKS); do bin/bifrostctl sandbox up $$stack --state $(SANDBOX); done

test: $(PULUMI) ## run all tests: no credentials, and no network once the modules are there
	@echo "Compiling the Pulumi SDKs and the engine takes about 8 minutes on 2 cores the first time, seconds afterwards."
	go test ./...
	go -C bifrostctl test ./...

bench: ## previews as ratios, and the CPU-seconds of a first build by package (minutes)
	go -C bifrostctl test ./sandbox -run '^$$' -bench . -benchtime 50x
	go -C tools run ./compilecost -dir ..

golden: ## write the goldens anew; review the difference before you commit it
	go test ./stacks -update

lint: bin/staticcheck bin/actionlint ## gofmt, go vet, staticcheck; actionlint on the workflows
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "run gofmt -w on:"; echo "$$files"; exit 1; fi
	go vet ./...
	go -C bifrostctl vet ./...
	bin/staticcheck ./...
	cd bifrostctl && ../bin/staticcheck ./...
	cd tools && ../bin/staticcheck ./...
	bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml

clean: ## delete what was built, and the sandbox with its clouds
	rm -rf bin .sandbox

# go build knows best what is out of date.
FORCE:

bin/bifrost: FORCE
	@test -e $@ || echo "Building the program and the Pulumi SDKs: about 3 minutes on 2 cores the first time, seconds afterwards."
	go build -ldflags "-s -w" -o $@ .

bin/bifrostctl: FORCE
	go -C bifrostctl build -ldflags "-s -w -X main.version=$(VERSION)" -o ../$@ .

# The version stamp is mandatory: without it the Automation API refuses the CLI.
bin/pulumi: bifrostctl/go.mod
	@echo "No Pulumi CLI of version 3.218 or newer is installed. Building $(PULUMI_VERSION): about 4 minutes on 2 cores, once."
	go -C bifrostctl build -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$(PULUMI_VERSION)" -o ../$@ github.com/pulumi/pulumi/pkg/v3/cmd/pulumi

bin/staticcheck: tools/go.mod
	go -C tools build -o ../$@ honnef.co/go/tools/cmd/staticcheck

bin/actionlint: tools/go.mod
	go -C tools build -o ../$@ github.com/rhysd/actionlint/cmd/actionlint
