package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// thing are the fields of the JSON document of a command that changes one thing.
type thing struct {
	Stack string `json:"stack"`
	Type  string `json:"type"`
	ID    string `json:"id"`
}

// Remove deletes one resource from the stack's clouds, with what its cloud deletes along with it, which the engine does not learn of.
func (r Runner) Remove(request Request, typ, id string) error {
	var gone int
	back := "Pulumi sees it missing, and makes it again, with " + request.command(Up) + " --refresh."
	err := r.change(request, func(world *cloud.World) error {
		found, err := find(world, typ, id)
		if err != nil {
			return fmt.Errorf("%w; see %s", err, request.command("state"))
		}
		for _, each := range along(world, found) {
			if !each.Deleted {
				takeAway(world, each)
				gone++
			}
		}
		if takeAway(world, found); found.Seeded {
			back = "Others made it, and no up makes it again: " + request.of("restore", found.Type, id) + " brings it back."
		}
		return nil
	})
	if err != nil {
		return err
	}
	with := ""
	if gone > 0 {
		with = fmt.Sprintf(", and %d that its cloud deletes with it", gone)
	}
	r.answer(thing{request.Stack, typ, id})
	fmt.Fprintf(r.Stdout, "Removed %s %s%s. %s\n", typ, id, with, back)
	return nil
}

// Restore brings back what others made and Remove took away, with what others made of what went along with it.
func (r Runner) Restore(request Request, typ, id string) error {
	err := r.change(request, func(world *cloud.World) error {
		for _, each := range removed(world) {
			if isType(each.Type, typ) && each.ID == id {
				for _, back := range append(along(world, each), each) {
					if back.Seeded && back.Edited {
						back.Deleted, back.Edited = false, false
					}
				}
				return nil
			}
		}
		return fmt.Errorf("nothing of type %q with id %q that others made was removed by hand: what the stack made comes back with %s "+
			"--refresh; see %s", typ, id, request.command(Up), request.command("state"))
	})
	if err != nil {
		return err
	}
	r.answer(thing{request.Stack, typ, id})
	fmt.Fprintf(r.Stdout, "Restored %s %s.\n", typ, id)
	return nil
}

// removed is what others made and somebody removed by hand, ordered by type and id.
func removed(world *cloud.World) []*cloud.Resource {
	var found []*cloud.Resource
	for _, each := range world.Resources {
		if each.Seeded && each.Deleted && each.Edited {
			found = append(found, each)
		}
	}
	slices.SortFunc(found, func(a, b *cloud.Resource) int { return strings.Compare(a.Key(), b.Key()) })
	return found
}

// isType tells whether a type was asked for, by its token or as Pulumi displays that: aws:iam:Role for aws:iam/role:Role.
func isType(token, asked string) bool {
	return token == asked || tokens.Type(token).DisplayName() == asked
}

// Change sets properties of one thing in the stack's clouds, path=value, which the engine does not learn of.
func (r Runner) Change(request Request, typ, id string, settings []string) error {
	err := r.change(request, func(clouds *cloud.World) error {
		clusters := clouds.Standing()
		if slices.ContainsFunc(clusters, func(c world.Standing) bool { return isType(c.Type, typ) }) {
			return changeCluster(clusters, typ, id, settings)
		}
		if typ == clockType {
			return changeClock(clouds, settings)
		}
		found, err := find(clouds, typ, id)
		if err != nil {
			return fmt.Errorf("%w; see %s", err, request.command("state"))
		}
		if found.State, err = overlay.Edit(found.State, settings); err != nil {
			return err
		}
		found.Edited = true
		return nil
	})
	if err != nil {
		return err
	}
	r.answer(thing{request.Stack, typ, id})
	fmt.Fprintf(r.Stdout, "Changed %s %s: Pulumi does not know of it.\n", typ, id)
	return nil
}

// changeCluster changes what the sandbox knows of a cluster that the stack takes for granted.
func changeCluster(clusters []world.Standing, typ, name string, settings []string) error {
	for _, cluster := range clusters {
		if isType(cluster.Type, typ) && slices.Contains(cluster.Names, name) {
			return changeFields(cluster.Cluster, settings)
		}
	}
	return fmt.Errorf("there is no cluster %q of type %s", name, typ)
}

// changeFields changes fields of what is at a pointer by their names in JSON.
func changeFields(at any, settings []string) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	if values, err = overlay.Edit(values, settings); err != nil {
		return err
	}
	if text, err = json.Marshal(values); err != nil {
		return err
	}
	changed := reflect.New(reflect.TypeOf(at).Elem())
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(changed.Interface()); err != nil {
		return fmt.Errorf("%v: %w", values["name"], err)
	}
	reflect.ValueOf(at).Elem().Set(changed.Elem())
	return nil
}

// change lets a function change the stack's clouds, and saves them.
func (r Runner) change(request Request, function func(*cloud.World) error) error {
	held, err := hold(request, nil)
	if err != nil {
		return err
	}
	defer held.unlock()
	if err := function(held.world); err != nil {
		return err
	}
	if err := held.world.Save(held.folders.world()); err != nil {
		return &FailedError{Err: err}
	}
	return nil
}

// find returns the one live thing of a type and id.
func find(world *cloud.World, typ, id string) (*cloud.Resource, error) {
	var found []*cloud.Resource
	for _, each := range world.Resources {
		if isType(each.Type, typ) && each.ID == id && !each.Deleted {
			found = append(found, each)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("there are %d things of type %q with id %q", len(found), typ, id)
	}
	return found[0], nil
}
