package double

import (
	"context"
	"sync"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"
)

// writeTime is how long an exclusive write takes, so that writes which a program does not order meet each other.
const writeTime = 50 * time.Millisecond

// Exclusive is for types of which the cloud takes only one write at a time in one place.
type Exclusive struct {
	// Place returns where a resource is written: by its inputs, and by its id once it has one.
	Place func(c *Call, id string, in Object) string
	// Refuse is the cloud's answer to a write that meets another.
	Refuse func(place string) error
}

// writes are the places of the exclusive writes under way.
type writes struct{ places sync.Map }

// begin claims a place and returns the function that gives it back, or false where another write holds it.
func (w *writes) begin(place string) (end func(), ok bool) {
	_, taken := w.places.LoadOrStore(place, true)
	return func() { w.places.Delete(place) }, !taken
}

// exclude refuses an exclusive write that comes while another is under way. It stands before the lock of the world, which
// would put one after the other.
func (s *server) exclude(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	about := subjectOf(info.FullMethod, req)
	typ := s.provider.Types[about.typ]
	if typ == nil || typ.Exclusive == nil {
		return handle(ctx, req)
	}
	id, properties, writing := written(req)
	if !writing {
		return handle(ctx, req)
	}
	in, _, err := unmarshalOpen(properties)
	if err != nil {
		return nil, err
	}
	s.world.Lock()
	con := *connectionOf(ctx)
	s.world.Unlock()
	if !con.configured {
		return nil, s.unconfigured()
	}
	place := typ.Exclusive.Place(&Call{World: s.world, Session: con.session}, id, in)
	end, ok := s.writes.begin(place)
	if !ok {
		return nil, typ.Exclusive.Refuse(place)
	}
	defer end()
	if err := pause(ctx, writeTime); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

// written is what a call writes: its resource's id, "" where it is new, and its inputs. It is false for a call that writes nothing.
func written(req any) (id string, inputs *structpb.Struct, writing bool) {
	switch req := req.(type) {
	case *pulumirpc.CreateRequest:
		return "", req.Properties, !req.Preview
	case *pulumirpc.UpdateRequest:
		return req.Id, req.News, !req.Preview
	case *pulumirpc.DeleteRequest:
		return req.Id, req.OldInputs, true
	}
	return "", nil, false
}
