// Command image makes the container image of a release: the programs of dist/ over Pulumi's own image, for both processors, the same bytes
// each time. It needs no container engine.
//
//	image -dist dist -base pulumi/pulumi-base:3.259.0 -version 1.2.0 -commit SHA -created 2026-11-27T22:00:00Z \
//	  -push ghcr.io/acme/bifrost:1.2.0
//
// It prints the image's digest. With -layout the image is written to a folder in OCI's layout instead.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	digest, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Println(digest)
}

func run(arguments []string) (v1.Hash, error) {
	var r recipe
	var base, created, push, to string
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&r.dist, "dist", "dist", "the `folder` that goreleaser wrote")
	flags.StringVar(&base, "base", "", "the `image` that the programs are laid over; every pull of it is recorded by digest in the "+
		"new image")
	flags.StringVar(&r.version, "version", "", "the release's `version`, without v")
	flags.StringVar(&r.commit, "commit", "", "the `commit` that the programs are built from")
	flags.StringVar(&r.source, "source", "", "the repository's `URL`")
	flags.StringVar(&created, "created", "", "the commit's `time`, as RFC 3339 has it")
	flags.StringVar(&push, "push", "", "push to this `reference`")
	flags.StringVar(&to, "layout", "", "write to this `folder`")
	if err := flags.Parse(arguments); err != nil {
		return v1.Hash{}, err
	}
	var err error
	if r.created, err = time.Parse(time.RFC3339, created); err != nil {
		return v1.Hash{}, fmt.Errorf("-created: %w", err)
	}
	if (push == "") == (to == "") {
		return v1.Hash{}, errors.New("give one of -push and -layout")
	}
	if r.base, err = name.ParseReference(base); err != nil {
		return v1.Hash{}, fmt.Errorf("-base: %w", err)
	}
	keychain := remote.WithAuthFromKeychain(authn.DefaultKeychain)
	index, err := r.index(keychain)
	if err != nil {
		return v1.Hash{}, err
	}
	digest, err := index.Digest()
	if err != nil {
		return v1.Hash{}, err
	}
	if to != "" {
		_, err := layout.Write(to, index)
		return digest, err
	}
	target, err := name.ParseReference(push)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("-push: %w", err)
	}
	return digest, remote.WriteIndex(target, index, keychain)
}
