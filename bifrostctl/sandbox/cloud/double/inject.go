package double

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"bifrost/bifrostctl/sandbox/cloud/served"
)

// faults are what is still to go wrong. They are counted under the world's lock.
type faults struct {
	world *served.World
	armed []*armed
}

type armed struct {
	Fault
	left int
}

// add arms a fault.
func (f *faults) add(fault Fault) {
	f.world.Lock()
	defer f.world.Unlock()
	f.armed = append(f.armed, &armed{fault, fault.Times})
}

// unused returns the faults that never struck.
func (f *faults) unused() []Fault {
	f.world.Lock()
	defer f.world.Unlock()
	var unused []Fault
	for _, a := range f.armed {
		if a.left == a.Times {
			unused = append(unused, a.Fault)
		}
	}
	return unused
}

// next returns the first fault that meets a call, or nil, and counts it.
func (f *faults) next(s subject) *Fault {
	f.world.Lock()
	defer f.world.Unlock()
	i := slices.IndexFunc(f.armed, func(a *armed) bool { return a.left > 0 && a.meets(s) })
	if i < 0 {
		return nil
	}
	f.armed[i].left--
	return &f.armed[i].Fault
}

func (f Fault) meets(s subject) bool {
	return f.Op == s.op && (f.Type == "*" || f.Type == s.typ) && (f.Name == "" || f.Name == s.name)
}

// subject is what a call is about. Calls that no fault strikes have none.
type subject struct{ op, typ, name string }

// ops maps the methods of the provider protocol to the operations of faults.
var ops = map[string]string{
	"Check": "check", "Create": "create", "Read": "read", "Update": "update", "Delete": "delete", "Invoke": "invoke",
}

func subjectOf(method string, req any) subject {
	op := ops[path.Base(method)]
	switch req := req.(type) {
	case *pulumirpc.InvokeRequest:
		return subject{op: op, typ: req.Tok}
	case *pulumirpc.CreateRequest:
		if req.Preview {
			op = "preview"
		}
	case *pulumirpc.UpdateRequest:
		if req.Preview {
			op = "preview"
		}
	}
	about, ok := req.(interface{ GetUrn() string })
	if !ok || op == "" {
		return subject{}
	}
	urn := resource.URN(about.GetUrn())
	return subject{op, string(urn.Type()), urn.Name()}
}

// intercept lets faults strike. Every call passes here.
func (s *server) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	about := subjectOf(info.FullMethod, req)
	fault := s.faults.next(about)
	if fault == nil {
		return handle(ctx, req)
	}
	var failed error
	if fault.Error != "" {
		failed = errors.New(say(s.provider.Package, fault.Error, about))
	}
	if !fault.After {
		if err := errors.Join(pause(ctx, fault.Delay), failed); err != nil {
			return nil, err
		}
		return handle(withStrike(ctx, strike{stale: fault.Stale}), req)
	}
	if s.waits(about) {
		// The provider itself waits, and so it knows what it made however the wait ends.
		return handle(withStrike(ctx, strike{lost: failed, delay: fault.Delay}), req)
	}
	answer, err := handle(withStrike(ctx, strike{lost: failed}), req)
	interrupted := pause(ctx, fault.Delay)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(interrupted, failed); err != nil {
		return nil, lost(err, about, answer)
	}
	return answer, nil
}

// waits tells whether the provider waits for controllers in such a call.
func (s *server) waits(about subject) bool {
	typ := s.provider.Types[about.typ]
	return typ != nil && typ.Await != nil && (about.op == "create" || about.op == "update")
}

// lost is the error of a call that had its effect.
func lost(err error, about subject, answer any) error {
	made, ok := answer.(*pulumirpc.CreateResponse)
	if !ok {
		return err
	}
	return fmt.Errorf("%w\nThe answer was lost: %s exists in the cloud, and the stack's state does not know it. If the next up finds the "+
		"name taken, "+
		"import it with `pulumi import %s %s '%s'`, or delete it", err, made.Id, about.typ, about.name, made.Id)
}

// pause waits until the call, or the deployment that it belongs to, ends: that is an error.
func pause(ctx context.Context, delay time.Duration) error {
	if delay == 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
	case <-connectionOf(ctx).cancelled:
	}
	return status.Error(codes.Canceled, "the call was interrupted")
}

// strike is what of a fault happens within a call.
type strike struct {
	// stale is how many calls do not find what is created.
	stale int
	// lost is the error that comes after the effect; may be nil.
	lost error
	// delay is how long a provider that waits for controllers has to wait; interrupted says that it did not wait to the end.
	delay       time.Duration
	interrupted bool
}

type strikeKey struct{}

func withStrike(ctx context.Context, s strike) context.Context {
	return context.WithValue(ctx, strikeKey{}, s)
}

func strikeOf(ctx context.Context) strike {
	s, _ := ctx.Value(strikeKey{}).(strike) // most calls have none
	return s
}
