// Package effects says what a change of a workload does to the pods or tasks that run: it rolls them, replaces them, scales them or leaves
// them alone. It judges inputs before and after, whoever has them: a hook of the program, or the steps of `pulumi preview --json`.
package effects

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Types of workloads, as the engine writes them.
const (
	Deployment  = "kubernetes:apps/v1:Deployment"
	StatefulSet = "kubernetes:apps/v1:StatefulSet"
	CronJob     = "kubernetes:batch/v1:CronJob"
	Job         = "kubernetes:batch/v1:Job"
	EcsService  = "aws:ecs/service:Service"
)

// Types of what counts pods or tasks, and keeps their number between bounds.
const (
	Autoscaler     = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	ScalableTarget = "aws:appautoscaling/target:Target"
	ScalingPolicy  = "aws:appautoscaling/policy:Policy"
)

// Op is what becomes of a resource.
type Op string

// The operations.
const (
	Create  Op = "create"
	Update  Op = "update"
	Replace Op = "replace"
	Delete  Op = "delete"
	Same    Op = "same"
	// Anew is a creation where there may have been another one before, as a hook of a replacement sees it.
	Anew Op = "anew"
)

// Change is a workload before and after. Values may be secret; no value is ever told.
type Change struct {
	// Type is the resource's type token.
	Type string
	Op   Op
	// Before and After are its inputs; nil where there are none.
	Before, After resource.PropertyMap
	// Diff are the paths of the properties that change, as the provider tells them. Where both values are masked, only they tell of a
	// change.
	Diff []string
	// Causes are what is known of the files and variables that pods read at their start, and see as a checksum alone.
	Causes []string
	// Autoscaled says that an autoscaler counts the pods or tasks.
	Autoscaled bool
}

// Of is what the change does, in one line; empty for what is no workload, and where what counts pods or tasks goes on as it did.
func Of(c Change) string {
	say, known := map[string]func(Change) string{
		Deployment: ofPods, StatefulSet: ofPods, CronJob: ofCronJob, Job: ofJob, EcsService: ofTasks,
		Autoscaler: ofAutoscaler, ScalableTarget: ofTarget, ScalingPolicy: ofPolicy,
	}[c.Type]
	if !known {
		return ""
	}
	return say(c)
}

// count is a number of things: "1 pod", "3 pods". Where an autoscaler counts them, the number is not known here.
func (c Change) count(n int, thing string) string {
	switch {
	case c.Autoscaled:
		return "all " + thing + "s"
	case n == 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (c Change) starts(n int, thing string) string {
	if c.Autoscaled {
		return fmt.Sprintf("starts %ss, as many as the autoscaler wants", thing)
	}
	return "starts " + c.count(n, thing)
}

// scaling says how many come or go; empty where none does.
func (c Change) scaling(before, after int, thing string) string {
	switch {
	case c.Autoscaled || before == after:
		return ""
	case after > before:
		return fmt.Sprintf("scales from %d to %d: %d new %s", before, after, after-before, plural(thing, after-before))
	}
	return fmt.Sprintf("scales from %d to %d: %d %s", before, after, before-after, goes(thing, before-after))
}

func plural(thing string, n int) string {
	if n == 1 {
		return thing
	}
	return thing + "s"
}

func goes(thing string, n int) string {
	if n == 1 {
		return thing + " goes"
	}
	return thing + "s go"
}

// at is the value at a path of names, and whether it is known; a value that is not there is null.
func at(inputs resource.PropertyMap, path ...resource.PropertyKey) (resource.PropertyValue, bool) {
	value := resource.NewProperty(inputs)
	for _, name := range path {
		var known bool
		if value, known = revealed(value); !known {
			return value, false
		}
		if !value.IsObject() {
			return resource.NewNullProperty(), true
		}
		value = value.ObjectValue()[name]
	}
	return revealed(value)
}

// number is that at a path, or what holds where none is given.
func number(inputs resource.PropertyMap, otherwise int, path ...resource.PropertyKey) int {
	value, _ := at(inputs, path...)
	if !value.IsNumber() {
		return otherwise
	}
	return int(value.NumberValue())
}

func text(inputs resource.PropertyMap, path ...resource.PropertyKey) string {
	value, _ := at(inputs, path...)
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}

// differs tells whether a property of the inputs changes, or what is at a path of them.
func (c Change) differs(path ...resource.PropertyKey) bool {
	before, _ := at(c.Before, path...)
	after, _ := at(c.After, path...)
	return len(Differences(before, after)) > 0 || slices.ContainsFunc(c.Diff, func(changed string) bool {
		return below(changed, path...)
	})
}

// below tells whether a path as a provider writes it leads to another one, or below it.
func below(changed string, path ...resource.PropertyKey) bool {
	parsed, err := resource.ParsePropertyPath(changed)
	if err != nil || len(parsed) < len(path) {
		return false
	}
	for i, name := range path {
		if parsed[i] != string(name) {
			return false
		}
	}
	return true
}
