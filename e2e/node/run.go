package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// RunOptions change how Run runs a pod.
type RunOptions struct {
	// Env is added to every container, over its own.
	Env map[string]string
	// APIServer is the host and port that containers are told instead of the cluster's.
	APIServer string
	// VendorCLI is the path of a vendor's own aws or gcloud on this machine, which takes the stand-in's place in the image.
	VendorCLI string
	// BeforeContainer is called before each container starts; with an error the run ends there.
	BeforeContainer func(name string) error
}

// Result is what a run did.
type Result struct {
	// Containers are those that were tried, in order.
	Containers []ContainerResult
	// Err says why a container could not be tried.
	Err error
}

// ContainerResult is how a container ended.
type ContainerResult struct {
	Name     string
	ExitCode int
	// Log is the end of what it wrote to standard output and error, together.
	Log string
	// Message is its termination message.
	Message string
	// Started is false when the command could not be executed.
	Started bool
}

// Failure is nil when every container ended with exit code 0.
func (r Result) Failure() error {
	if r.Err != nil {
		return r.Err
	}
	for _, c := range r.Containers {
		if c.ExitCode != 0 {
			return fmt.Errorf("container %s ended with exit code %d: %s", c.Name, c.ExitCode, strings.TrimSpace(c.Message+"\n"+c.Log))
		}
	}
	return nil
}

// Run runs the containers of a pod's spec one after the other, the init containers first, until one fails; the API server knows
// nothing of the pod. Files and tokens are taken with Config.Admin. Images are not pulled. When ctx ends, processes are killed.
func (a *Agent) Run(ctx context.Context, pod *corev1.Pod, options RunOptions) Result {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.ctx, cancel)()
	run, err := a.newRun(a.admin, pod, options)
	if err != nil {
		return Result{Err: err}
	}
	defer run.clean()
	if err := run.mount(ctx); err != nil {
		return Result{Err: err}
	}
	var result Result
	for _, c := range slices.Concat(run.pod.Spec.InitContainers, run.pod.Spec.Containers) {
		if options.BeforeContainer != nil {
			if err := options.BeforeContainer(c.Name); err != nil {
				result.Err = fmt.Errorf("before container %s: %w", c.Name, err)
				return result
			}
		}
		made, err := run.prepare(ctx, &c)
		if err = errors.Join(err, ctx.Err()); err != nil {
			result.Err = fmt.Errorf("container %s: %w", c.Name, err)
			return result
		}
		o := run.execute(ctx, &c, made)
		result.Containers = append(result.Containers, ContainerResult{Name: c.Name, ExitCode: o.code, Log: o.log, Message: o.message,
			Started: !o.notStarted})
		if o.code != 0 {
			return result
		}
	}
	return result
}
