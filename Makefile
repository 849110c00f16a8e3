# The companion and the Pulumi CLI are Go programs of this repository's modules: Go, make and git are all that is needed.

# The same flags as the Pulumi CLI builds programs with, so that both share one build cache.
export GOFLAGS := -trimpath -buildvcs=false

PULUMI_VERSION := $(shell sed -n 's|.*github.com/pulumi/pulumi/pkg/v3 \(v[0-9.]*\).*|\1|p' bifrostctl/go.mod)
# An installed Pulumi CLI of 3.218 or newer serves as well as one built here.
INSTALLED := $(shell pulumi version 2>/dev/null | grep -E '^v3\.(20[5-9]|2[1-9][0-9]|[3-9][0-9]{2}|[0-9]{4,})\.')
PULUMI := $(if $(INSTALLED),,bin/pulumi)
STACKS := aws-dev azure-dev google-dev local-dev
# Where the sandbox keeps its clouds.
SANDBOX := .sandbox
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# A package of tests takes 1 minute at most where it has 2 cores to itself. Go stops it after 10, which is not enough on a machine that has
# much else to do.
TIMEOUT := -timeout 30m

.DEFAULT_GOAL := help
# All of e2e is built without C, so that linters, programs and tests share what the compiler made of Kubernetes.
# The programs of the end-to-end tests, one folder for each state of their modules and of what is ours in them. The version stamps let
# kubectl parse the server's version.
KUBERNETES := $(shell sed -n 's|^\tk8s.io/kubernetes \(v[0-9.]*\)$$|\1|p' e2e/go.mod)
STAMP = -X $(1).gitVersion=$(KUBERNETES) -X $(1).gitMajor=1 -X $(1).gitMinor=$(word 2,$(subst ., ,$(KUBERNETES))) -X $(1).gitTreeState=clean -X $(1).gitCommit=go-module -X $(1).buildDate=1970-01-01T00:00:00Z
STAMPS := $(call STAMP,k8s.io/component-base/version) $(call STAMP,k8s.io/client-go/pkg/version)
E2E_BIN := e2e/.bin/$(shell LC_ALL=C cat e2e/go.sum e2e/hyper/*.go e2e/programs/*/go.* e2e/programs/*/*.go 2>/dev/null | sha256sum | cut -c 1-16)
# What runs on the nodes and in the clusters, each from a module of its own.
E2E_PROGRAMS := $(filter-out operator prometheus traefik,$(notdir $(wildcard e2e/programs/*)))

.PHONY: help build sandbox test bridge e2e e2e-all provider gateway monitoring browser bench mutations fuzz audit vulnerabilities lint golden docs definitions release-check clean FORCE

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 14

build: $(PULUMI) bin/bifrost bin/bifrostctl ## build bin/bifrost, bin/bifrostctl and, where none is installed, bin/pulumi

sandbox: build ## bring all dev stacks up on the sandbox: no cloud account, no credentials
	@set -e; for stack in $(STACKS); do bin/bifrostctl sandbox up $$stack --state $(SANDBOX); done

test: $(PULUMI) ## run all tests: no credentials, and no network once the modules are there
	@echo "Compiling the Pulumi SDKs and the engine takes about 8 minutes on 2 cores the first time, seconds afterwards."
	go test $(TIMEOUT) ./...
	go -C bifrostctl test $(TIMEOUT) ./...
	go -C examples/any-app test ./...
	@# Its tests read files of other modules, which Go's cache of results does not look at.
	go -C tools test -count=1 ./...
	go -C e2e test -count=1 ./runbook
	go -C e2e/definitions test -count=1 ./...

bridge: ## ask the real Terraform bridge what the doubles of the AWS and Google Cloud providers are asked
	CGO_ENABLED=0 go -C e2e/bridge build -ldflags "-s -w" -o ../../$(E2E_BIN)/bridged .
	BRIDGED_BINARY=$(abspath $(E2E_BIN)/bridged) go -C bifrostctl test $(TIMEOUT) -count=1 -v ./rehearsals/bridge

e2e: build $(E2E_BIN)/kubectl $(E2E_PROGRAMS:%=$(E2E_BIN)/%) ## run the stacks on real Kubernetes clusters (Linux, root); with LONG=1 as every check does, in twice the time
	CGO_ENABLED=0 go -C e2e build -ldflags "-s -w" -o ../$(E2E_BIN)/ ./images/...
	go -C e2e/definitions run . ../../$(E2E_BIN)/definitions
	go -C bifrostctl build -ldflags "-s -w" -o ../$(E2E_BIN)/pulumi-language-go ./internal/languagehost
	CGO_ENABLED=0 go -C e2e test ./images/... ./outside/... ./addons
	$(if $(LONG),CGO_ENABLED=0 go -C e2e test -count=1 -p 1 ./controlplane ./machine ./kubelet ./pulls ./reach)
	cd e2e && CGO_ENABLED=0 go test -count=1 -parallel 2 -timeout 60m $(if $(LONG),,-short)

e2e-all: export E2E_ALL := 1
e2e-all: LONG := 1
e2e-all: $(E2E_BIN)/traefik e2e ## run all end-to-end tests: AKS, every way to pull, the examples, the runbook, adoptions and an Ingress as well (hours)

# Pulumi's own provider for Kubernetes: an installed one of the SDK's version, else one built from its module (about 14 minutes of one core).
KUBERNETES_SDK := $(shell sed -n 's|.*github.com/pulumi/pulumi-kubernetes/sdk/v4 \(v[0-9.]*\).*|\1|p' bifrostctl/go.mod)
INSTALLED_PROVIDER := $(wildcard $(HOME)/.pulumi/plugins/resource-kubernetes-$(KUBERNETES_SDK)/pulumi-resource-kubernetes)

provider: build $(E2E_BIN)/kubectl $(E2E_BIN)/pulumi-resource-kubernetes ## compare both our Kubernetes providers with Pulumi's own on a real API server; with BRIEF=1 where they delete or replace something
	go -C bifrostctl build -ldflags "-s -w" -o ../$(E2E_BIN)/pulumi-language-go ./internal/languagehost
	cd e2e && CGO_ENABLED=0 go test -count=1 -timeout 30m ./providers $(if $(BRIEF),-short) $(if $(UPDATE),-args -update)

gateway: build ## start the gateway's stand-in, and the gateway that BIFROST_BINARY names, on all cases and on what every stack gives it
	CGO_ENABLED=0 go -C e2e build -ldflags "-s -w" -o ../$(E2E_BIN)/ ./images/gateway
	cd e2e/gateway && STANDIN_BINARY=$(abspath $(E2E_BIN)/gateway) BIFROST_BINARY=$(abspath $(BIFROST_BINARY)) CGO_ENABLED=0 go test -count=1 -timeout 60m

monitoring: $(E2E_BIN)/kubectl $(E2E_PROGRAMS:%=$(E2E_BIN)/%) $(E2E_BIN)/operator $(E2E_BIN)/prometheus ## have the Prometheus Operator, kube-state-metrics and Prometheus themselves watch the gateway and its refresher (6 minutes of builds)
	CGO_ENABLED=0 go -C e2e build -ldflags "-s -w" -o ../$(E2E_BIN)/ ./images/gateway
	go -C e2e/definitions run . ../../$(E2E_BIN)/definitions
	cd e2e/monitoring && BIFROST_BINARY=$(abspath $(BIFROST_BINARY)) CGO_ENABLED=0 go test -count=1 $(TIMEOUT)

# What a browser looks at.
PAGES := e2e/.bin/pages

browser: ## draw every stack, and look at the pages and diagrams with Chromium, axe-core and Mermaid; pictures of the page stay in e2e/.bin/pages
	rm -rf $(PAGES)
	go -C bifrostctl test $(TIMEOUT) -count=1 ./rehearsals/graphs -args -into $(abspath $(PAGES))
	cd e2e/browser && PAGES=$(abspath $(PAGES)) go test -count=1 $(TIMEOUT) ./...

bench: ## previews as ratios, and the CPU-seconds of a first build, by component and by package (minutes)
	go -C bifrostctl test ./rehearsals/stacks -run '^$$' -bench . -benchtime 50x
	go -C tools run ./compilecost -dir ..

mutations: ## make every single mistake in every stack (minutes): a table by the stage that refuses it
	cd bifrostctl/rehearsals/mutations && go test $(TIMEOUT) -args -all

# How long each fuzz target is tried, and which ones.
FUZZTIME := 10s
FUZZ := .

fuzz: ## try inputs that nobody wrote on all that reads text from outside, FUZZTIME=10s each: a table
	go -C tools run ./fuzz -dir .. -time $(FUZZTIME) -run '$(FUZZ)' . bifrostctl

audit: bin/gitleaks ## hold the licences of what the programs are made of against tools/audit/licences.yaml, and look for credentials in the files
	go -C tools/audit test ./...
	cd tools/audit && go run . -dir ../..
	@# The files as git has them, and not what lies beside them.
	@files=$$(mktemp -d) && trap 'rm -rf "$$files"' EXIT && git checkout-index --all --prefix="$$files/" && \
	bin/gitleaks dir --no-banner --no-color --redact --verbose --config tools/audit/gitleaks.toml "$$files"

vulnerabilities: bin/govulncheck ## look for known vulnerabilities in both programs (asks vuln.go.dev)
	bin/govulncheck ./...
	cd bifrostctl && ../bin/govulncheck ./...

golden: ## write the goldens anew; review the difference before you commit it
	go test ./stacks -update

docs: ## write what docs have from the program itself: references, pictures, tables
	go -C tools run ./stackschema
	go -C bifrostctl test . -run TestCommandsPage -update
	go -C bifrostctl test ./sandbox/cloud -run TestPage -update
	go -C bifrostctl test $(TIMEOUT) ./rehearsals/upgrade -run '^TestUpgrade$$' -update
	go -C bifrostctl test ./rehearsals/graphs -run TestPictures -update

definitions: ## take the sandbox's CustomResourceDefinitions from those that their projects released
	go -C e2e/definitions run . -sandbox ../../bifrostctl/sandbox/cloud/kubernetes/crds

lint: bin/staticcheck bin/revive bin/actionlint ## gofmt, go vet, staticcheck, the length of lines; actionlint on the workflows
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "run gofmt -w on:"; echo "$$files"; exit 1; fi
	go vet ./...
	go -C bifrostctl vet ./...
	go -C examples/any-app vet ./...
	CGO_ENABLED=0 go -C e2e vet ./...
	CGO_ENABLED=0 go -C e2e/programs/coredns vet ./...
	CGO_ENABLED=0 go -C e2e/bridge vet ./...
	go -C e2e/definitions vet ./...
	go -C e2e/browser vet ./...
	bin/staticcheck ./...
	cd bifrostctl && ../bin/staticcheck ./...
	cd examples/any-app && ../../bin/staticcheck ./...
	cd tools && ../bin/staticcheck ./...
	cd tools/audit && ../../bin/staticcheck ./...
	cd e2e && CGO_ENABLED=0 ../bin/staticcheck . ./addons ./clustertest ./controlplane ./desktest ./monitoring ./gateway ./kubelet ./machine ./images/... ./outside/... ./pki ./postgres ./providers ./pulls ./reach ./runbook ./upstream
	cd e2e/bridge && CGO_ENABLED=0 ../../bin/staticcheck ./...
	cd e2e/definitions && ../../bin/staticcheck ./...
	cd e2e/browser && ../../bin/staticcheck ./...
	bin/revive -config revive.toml -set_exit_status ./...
	bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml

release-check: bin/goreleaser bin/cyclonedx-gomod ## check .goreleaser.yaml, and build what a release would be, of this commit, in dist/ (a long time: twelve programs)
	go -C tools/release test ./...
	bin/goreleaser check
	PATH="$(abspath bin):$$PATH" bin/goreleaser release --snapshot --clean --parallelism 2

clean: ## delete what was built, and the sandbox with its clouds
	rm -rf bin dist .sandbox e2e/.bin e2e/provider/schema.json

# go build knows best what is out of date.
FORCE:

bin/bifrost: FORCE
	@test -e $@ || echo "Building the program and the Pulumi SDKs: about 3 minutes on 2 cores the first time, seconds afterwards."
	go build -ldflags "-s -w -X main.version=$(VERSION)" -o $@ .

bin/bifrostctl: FORCE
	go -C bifrostctl build -ldflags "-s -w -X main.version=$(VERSION)" -o ../$@ .

# The version stamp is mandatory: without it the Automation API refuses the CLI.
bin/pulumi: bifrostctl/go.mod
	@echo "No Pulumi CLI of version 3.218 or newer is installed. Building $(PULUMI_VERSION): about 4 minutes on 2 cores, once."
	go -C bifrostctl build -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$(PULUMI_VERSION)" -o ../$@ github.com/pulumi/pulumi/pkg/v3/cmd/pulumi

# etcd, the control plane, the kubelet and kube-proxy are one program under six names.
$(E2E_BIN)/kubectl:
	@echo "Building Kubernetes $(KUBERNETES) from its modules: about 5 minutes on 2 cores, once."
	CGO_ENABLED=0 go -C e2e build -ldflags "-s -w $(STAMPS)" -o ../$(E2E_BIN)/hyper ./hyper
	for program in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do ln -sf hyper $(E2E_BIN)/$$program; done
	CGO_ENABLED=0 go -C e2e build -ldflags "-s -w $(STAMPS)" -o ../$@ k8s.io/kubernetes/cmd/kubectl

# containerd's snapshotters for other file systems need C, or are not used; Prometheus finds its targets in Kubernetes alone.
$(E2E_PROGRAMS:%=$(E2E_BIN)/%) $(E2E_BIN)/operator $(E2E_BIN)/prometheus $(E2E_BIN)/traefik:
	@echo "Building $(@F) from its module: one or two minutes on 2 cores, once."
	CGO_ENABLED=0 go -C e2e/programs/$(@F) build -tags "no_btrfs no_zfs no_devmapper remove_all_sd enable_kubernetes_sd" -ldflags "-s -w" -o ../../../$(E2E_BIN)/ tool

$(E2E_BIN)/pulumi-resource-kubernetes: e2e/provider/go.sum e2e/provider/main.go
	@mkdir -p $(@D)
	if [ -n "$(INSTALLED_PROVIDER)" ]; then cp "$(INSTALLED_PROVIDER)" $@; else $(MAKE) --no-print-directory e2e/provider/schema.json && \
		CGO_ENABLED=0 go -C e2e/provider build -ldflags "-s -w" -o ../../$@ .; fi

# An import takes from the schema which fields of an object are inputs. It lies beside the module's own program, which embeds it, too.
e2e/provider/schema.json: e2e/provider/go.sum
	install -m 644 "$$(go -C e2e/provider list -f '{{.Module.Dir}}' github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider)/cmd/pulumi-resource-kubernetes/schema.json" $@

bin/staticcheck: tools/go.mod
	go -C tools build -o ../$@ honnef.co/go/tools/cmd/staticcheck

bin/gitleaks: tools/audit/go.mod
	go -C tools/audit build -o ../../$@ github.com/zricethezav/gitleaks/v8

bin/govulncheck: tools/audit/go.mod
	go -C tools/audit build -o ../../$@ golang.org/x/vuln/cmd/govulncheck

bin/revive: tools/go.mod
	go -C tools build -o ../$@ github.com/mgechev/revive

bin/actionlint: tools/go.mod
	go -C tools build -o ../$@ github.com/rhysd/actionlint/cmd/actionlint

bin/goreleaser: tools/release/go.mod
	go -C tools/release build -ldflags "-s -w" -o ../../$@ github.com/goreleaser/goreleaser/v2

bin/cyclonedx-gomod: tools/release/go.mod
	go -C tools/release build -ldflags "-s -w" -o ../../$@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

# The project's file of a release: the language host finds the program beside it, or on PATH.
bin/release/Pulumi.yaml: Pulumi.yaml
	@mkdir -p $(@D)
	sed '/^  name: go$$/a\  options:\n    binary: bifrost' $< > $@
	@grep -q '^    binary: bifrost$$' $@
