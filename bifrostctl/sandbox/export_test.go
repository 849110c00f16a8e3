package sandbox

import (
	"testing"

	"bifrost/bifrostctl/sandbox/cloud"
)

// What tests in package sandbox_test need: these import packages that import this one.
const (
	ServedStack = servedStack
)

// Publish writes how pods of a real cluster reach the clouds to a stack's folder, until it is withdrawn.
func Publish(folder string, w *cloud.World) (withdraw func() error, err error) {
	return folders{folder}.publish(w)
}

// WriteProject makes a project with stack files by stack name and returns its folder.
func WriteProject(t *testing.T, stacks map[string]string) string { return writeProject(t, stacks) }

// StateText is what `sandbox state` prints.
func StateText(t *testing.T, request Request) string { return state(t, request) }
