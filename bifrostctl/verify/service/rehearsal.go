package service

import (
	"context"

	"bifrost/stacks"
)

// OpenRehearsal opens a stack as the sandbox has it.
type OpenRehearsal func(context.Context, RehearsalRequest) (*Rehearsal, error)

// RehearsalRequest names a stack of the sandbox.
type RehearsalRequest struct {
	// Stack is the stack's name or, with a slash, the folder of its file; Dir is the project's folder, State the sandbox's. An empty folder
	// is the usual one.
	Stack, Dir, State string
	// Kubeconfig is a file whose current context leads to the stack's real cluster; empty means one of the sandbox's own.
	Kubeconfig string
}

// Rehearsal is a stack of the sandbox, with the services that stand for its clouds until Close.
type Rehearsal struct {
	// Name is the stack's, also where it was called by its folder or file.
	Name string
	// Config is the configuration as the engine would hand it over.
	Config stacks.Raw
	// Outputs is the JSON text of the outputs, secrets masked; State that of the stack's resources, as `pulumi stack export` prints it.
	Outputs, State []byte
	// Called is how commands of the sandbox name the stack, with the flags of its folders; Sets are the --set flags of the last up,
	// without the values of secrets, and the --kubeconfig. Both are quoted for a shell.
	Called, Sets string
	// Removed are the things that others made and somebody took away by hand, by type and id: what the sandbox can restore.
	Removed []string
	Clouds  Clouds
	Close   func() error
}
