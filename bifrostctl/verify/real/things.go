package real

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"bifrost/bifrostctl/verify/service"
)

// asked says by type how a thing is asked for.
type asked map[string]service.Exists

func (a asked) add(more map[string]service.Exists) { maps.Copy(a, more) }

// exists implements service.Exists.
func (a asked) exists(ctx context.Context, t service.Thing) error {
	ask := a[t.Type]
	if ask == nil {
		return fmt.Errorf("verify does not know how to ask for %s", t.Type)
	}
	return ask(ctx, t)
}

// notThere is the answer of a look-up that finds nothing and is no error.
func notThere(what string) error { return fmt.Errorf("%s: %w", what, service.ErrNotFound) }

// gone turns an SDK's error of one of the given kinds into one that wraps service.ErrNotFound.
func gone(t service.Thing, err error, kinds ...any) error { return notFound(t.ID, err, kinds...) }

var errIncomplete = errors.New("the stack's state does not say enough of it")
