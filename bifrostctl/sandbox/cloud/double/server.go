package double

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// server speaks the provider protocol for one Provider.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	provider *Provider
	world    *served.World
	faults   *faults
	writes   writes
}

func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.provider.Schema.Version}, nil
}

func (s *server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel ends what calls of the same provider instance wait for.
func (s *server) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	connectionOf(ctx).cancel()
	return &emptypb.Empty{}, nil
}

func (s *server) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	f, ok := s.provider.Functions[req.Tok]
	if !ok {
		return nil, fmt.Errorf("the sandbox does not model the function %s: it has %s", req.Tok,
			strings.Join(keysOf(s.provider.Functions), ", "))
	}
	s.world.Lock()
	defer s.world.Unlock()
	s.world.Begin("")
	con := connectionOf(ctx)
	if !con.configured {
		return nil, s.unconfigured()
	}
	args, _, err := unmarshalOpen(req.Args)
	if err != nil {
		return nil, err
	}
	failures := failures{}
	if f.Args != nil {
		checkSchema(reflect.TypeOf(f.Args), args, nil, failures.add)
	}
	if len(failures.list) > 0 {
		return &pulumirpc.InvokeResponse{Failures: failures.list}, nil
	}
	result, err := f.Call(&Call{World: s.world, Session: con.session, Type: req.Tok}, args)
	if err != nil {
		return nil, err
	}
	answer, err := marshal(result, nil)
	return &pulumirpc.InvokeResponse{Return: answer}, err
}

// call begins a call about a resource. Without an error the world is locked and the caller unlocks it.
func (s *server) call(ctx context.Context, urn string) (*Call, *Type, error) {
	u := resource.URN(urn)
	token := string(u.Type())
	typ, ok := s.provider.Types[token]
	if !ok {
		return nil, nil, fmt.Errorf("the sandbox does not model the resource type %s: it has %s", token,
			strings.Join(keysOf(s.provider.Types), ", "))
	}
	s.world.Lock()
	con := connectionOf(ctx)
	if !con.configured {
		s.world.Unlock()
		return nil, nil, s.unconfigured()
	}
	s.world.Begin(token)
	return &Call{
		World: s.world, Session: con.session, Type: token, Name: u.Name(), URN: urn, Context: con.during(ctx), strike: strikeOf(ctx),
	}, typ, nil
}

func (s *server) unconfigured() error {
	return fmt.Errorf("the %s provider was called before it was configured on this connection", s.provider.Package)
}

func (s *server) ready(c *Call) error {
	if s.provider.Ready == nil {
		return nil
	}
	return s.provider.Ready(c)
}

func (s *server) blind(c *Call) bool { return s.provider.Blind != nil && s.provider.Blind(c) }

func (s *server) missing(c *Call, id string) error {
	if s.provider.Missing != nil {
		return s.provider.Missing(c, id)
	}
	return fmt.Errorf("%s %q does not exist any more: run `pulumi refresh`", c.Type, id)
}

func (s *server) find(c *Call, typ *Type, id string, state Object) (*world.Resource, error) {
	if typ.Find != nil {
		return typ.Find(c, id)
	}
	if typ.Key != nil {
		id = typ.Key(id, state)
	}
	return s.world.Get(c.Type, typ.Scope(c), id), nil
}

// preview asks the cloud about a plan of which all is known.
func (s *server) preview(c *Call, typ *Type, r *world.Resource, in Object) error {
	if typ.Preview == nil || !Known(in) || s.blind(c) {
		return nil
	}
	return typ.Preview(c, r, in)
}

// finish lets the controllers work, saves the world, and answers with the resource's state. A resource that exists but is
// not what was asked for is an error that carries its state: the engine keeps it and tries again.
func (s *server) finish(c *Call, typ *Type, r *world.Resource, secrets []resource.PropertyPath) (*structpb.Struct, error) {
	reasons := s.await(c, typ, r)
	var undone error
	if len(reasons) > 0 && s.provider.Unready != nil {
		reasons, undone = s.provider.Unready(c, r, reasons)
	}
	r.AddSecrets(secrets)
	if err := errors.Join(undone, s.world.Commit()); err != nil {
		return nil, err
	}
	state, err := marshal(r.State, secrets)
	if err != nil || len(reasons) == 0 {
		return state, err
	}
	return nil, notReady(r, state, reasons, secrets)
}

// unchanged is the error of a change that was refused. Where a provider reads then what there is, the engine takes the change as one that
// did not become ready, and keeps its inputs (HalfMade).
func (s *server) unchanged(r *world.Resource, in Object, refused error, secrets []resource.PropertyPath) error {
	var half *HalfMade
	if !errors.As(refused, &half) {
		return refused
	}
	state, err := marshal(r.State, secrets)
	if err != nil {
		return err
	}
	asked := *r
	asked.Inputs = in
	return notReady(&asked, state, []string{half.Reason.Error()}, secrets)
}

// notReady tells the engine that a resource exists and is not what was asked for.
func notReady(r *world.Resource, state *structpb.Struct, reasons []string, secrets []resource.PropertyPath) error {
	inputs, err := marshal(r.Inputs, secrets)
	if err != nil {
		return err
	}
	id := r.PulumiID()
	return rpcerror.WithDetails(
		rpcerror.New(codes.Unknown, fmt.Sprintf("%s was made, but did not become ready: %s", id, strings.Join(reasons, "; "))),
		&pulumirpc.ErrorResourceInitFailed{Id: id, Properties: state, Inputs: inputs, Reasons: reasons})
}

// halfMade answers a create that ended half way: the engine is told what was planned, as if it were so (terraform-plugin-sdk,
// helper/schema/resource_data.go, State).
func (s *server) halfMade(r *world.Resource, half *HalfMade, secrets []resource.PropertyPath) error {
	if err := s.world.Commit(); err != nil {
		return err
	}
	planned, err := marshal(half.Planned, secrets)
	if err != nil {
		return err
	}
	return notReady(r, planned, []string{half.Reason.Error()}, secrets)
}

// await lets the controllers work. A fault after the effect strikes here where the provider waits for controllers: it then
// knows what it made.
func (s *server) await(c *Call, typ *Type, r *world.Resource) []string {
	if typ.Await == nil || c.Importing {
		return nil
	}
	if c.strike.delay > 0 {
		s.world.Unlock()
		err := pause(c.Context, c.strike.delay)
		s.world.Lock()
		c.strike.interrupted, c.strike.lost = err != nil, errors.Join(c.strike.lost, err)
	}
	if c.strike.lost == nil {
		return typ.Await(c, r)
	}
	reasons := typ.Await(c, r)
	if text := c.strike.lost.Error(); !slices.Contains(reasons, text) {
		reasons = append(reasons, text)
	}
	return reasons
}

func secretOutputs(typ *Type) []resource.PropertyPath {
	paths := make([]resource.PropertyPath, len(typ.Secrets))
	for i, key := range typ.Secrets {
		paths[i] = resource.PropertyPath{key}
	}
	return paths
}

// failures collects what Check refuses.
type failures struct{ list []*pulumirpc.CheckFailure }

// add puts the path into the reason: beside a property of its own the engine would print the property's value, which may
// be a secret's.
func (f *failures) add(path, format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	if path != "" {
		reason = path + ": " + reason
	}
	f.list = append(f.list, &pulumirpc.CheckFailure{Reason: reason})
}
