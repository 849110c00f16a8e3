package double

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"bifrost/bifrostctl/world"
)

func (s *server) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	c, typ, err := s.call(ctx, req.Urn)
	if err != nil {
		return nil, err
	}
	defer s.world.Unlock()
	news, err := unmarshal(req.News)
	if err != nil {
		return nil, err
	}
	olds, err := unmarshal(req.Olds)
	if err != nil {
		return nil, err
	}
	in, secrets := open(news)
	before, _ := open(olds)
	filledIn := []any{}
	if typ.Name.assign(c, in, before, req.RandomSeed) {
		filledIn = append(filledIn, typ.Name.Path)
	}
	failures := failures{}
	if typ.Args != nil {
		checkSchema(typ.Args.ElementType(), in, nil, failures.add)
	}
	for _, path := range typ.Required {
		if Get(in, path) == nil {
			failures.add(path, "missing required property %q", path)
		}
	}
	// A type's own checks may rely on the shape of the properties.
	if typ.Check != nil && len(failures.list) == 0 {
		typ.Check(c, in, failures.add)
	}
	switch {
	case !s.provider.ComparesInputs:
		in[madeUp] = filledIn
	case typ.DeletesFirst && len(filledIn) > 0 && (String(before, typ.Name.Path) == "" || before[createFirst] == true):
		in[createFirst] = true
	}
	inputs, err := marshal(in, secrets)
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures.list}, err
}

func (s *server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	c, typ, err := s.call(ctx, req.Urn)
	if err != nil {
		return nil, err
	}
	defer s.world.Unlock()
	state, _, err := unmarshalOpen(req.Olds)
	if err != nil {
		return nil, err
	}
	before, after, err := unmarshalBoth(req.OldInputs, req.News)
	if err != nil {
		return nil, err
	}
	was := withoutMarks(before)
	marks := withoutMarks(after)
	replace := typ.Replace
	if typ.ReplaceIf != nil {
		replace = append(typ.ReplaceIf(c, before), replace...)
	}
	res := diffResponse(s.changes(typ, state, before, after, req.IgnoreChanges), replace)
	if typ.Broken != nil {
		if path := typ.Broken(c, req.Id, after); path != "" {
			addBroken(res, path, s.provider.ComparesInputs)
		}
	}
	res.DeleteBeforeReplace = len(res.Replaces) > 0 && (typ.DeletesFirst && was[createFirst] != true || typ.Name.nameGiven(after, marks) ||
		typ.DeleteFirst != nil && typ.DeleteFirst(before, after))
	return res, nil
}

func (s *server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	c, typ, err := s.call(ctx, req.Urn)
	if err != nil {
		return nil, err
	}
	defer s.world.Unlock()
	props, err := unmarshal(req.Properties)
	if err != nil {
		return nil, err
	}
	in, secrets := open(props)
	withoutMarks(in)
	secrets = append(secrets, secretOutputs(typ)...)
	c.Previewing = req.Preview
	if err := s.ready(c); err != nil {
		return nil, err
	}
	c.Timeout = seconds(req.Timeout)
	if req.Preview {
		if err := s.preview(c, typ, nil, in); err != nil {
			return nil, err
		}
		planned := Clone(in)
		for _, path := range typ.Computed {
			Default(planned, path, Unknown)
		}
		state, err := marshal(planned, secrets)
		return &pulumirpc.CreateResponse{Properties: state}, err
	}
	c.Creating = true
	id, state, err := typ.Create(c, in)
	var half *HalfMade
	if errors.As(err, &half) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	r := &world.Resource{Type: c.Type, Scope: typ.Scope(c), ID: id, Inputs: in, State: state}
	if typ.Key != nil {
		r.ID, r.ProviderID = typ.Key(id, state), id
	}
	s.world.Put(r)
	if half != nil {
		return nil, s.halfMade(r, half, secrets)
	}
	answer, err := s.finish(c, typ, r, secrets)
	if err != nil {
		return nil, err
	}
	s.world.Hide(r, c.strike.stale)
	return &pulumirpc.CreateResponse{Id: id, Properties: answer}, nil
}

func (s *server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	c, typ, err := s.call(ctx, req.Urn)
	if err != nil {
		return nil, err
	}
	defer s.world.Unlock()
	s.world.Begin("") // what is read may not be seen yet, as any other resource
	c.Reading = true
	if err := s.ready(c); err != nil {
		return nil, err
	}
	before, secrets, err := unmarshalOpen(req.Properties)
	if err != nil {
		return nil, err
	}
	in, secretInputs, err := unmarshalOpen(req.Inputs)
	if err != nil {
		return nil, err
	}
	c.State, c.Importing = before, len(before)+len(in) == 0
	r, err := s.find(c, typ, req.Id, before)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return &pulumirpc.ReadResponse{}, nil
	}
	secrets = append(secrets, secretOutputs(typ)...)
	answered := Clone(r.Inputs)
	// Who is asked without inputs, as for an import, has all that an author could have written.
	if s.provider.Shown != nil {
		answered = Clone(s.provider.Shown(r.State, in))
	}
	maps.Copy(answered, withoutMarks(in))
	inputs, err := marshal(answered, append(secretInputs, secretOutputs(typ)...))
	if err != nil {
		return nil, err
	}
	state, err := s.finish(c, typ, r, secrets)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: r.PulumiID(), Properties: state, Inputs: inputs}, nil
}

func (s *server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	c, typ, err := s.call(ctx, req.Urn)
	if err != nil {
		return nil, err
	}
	defer s.world.Unlock()
	c.Previewing = req.Preview
	if err := s.ready(c); err != nil {
		return nil, err
	}
	c.IgnoreChanges, c.Timeout = req.IgnoreChanges, seconds(req.Timeout)
	in, secrets, err := unmarshalOpen(req.News)
	if err != nil {
		return nil, err
	}
	secrets = append(secrets, secretOutputs(typ)...)
	before, inputs, err := unmarshalBoth(req.Olds, req.OldInputs)
	if err != nil {
		return nil, err
	}
	withoutMarks(in)
	withoutMarks(inputs)
	c.State = before
	c.Changed = topLevel(s.changes(typ, before, inputs, in, req.IgnoreChanges))
	if req.Preview && (typ.Preview == nil || s.blind(c)) {
		state, err := marshal(s.planned(typ, before, inputs, in), secrets)
		return &pulumirpc.UpdateResponse{Properties: state}, err
	}
	r, err := s.find(c, typ, req.Id, before)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, s.missing(c, req.Id)
	}
	keepIgnored(c, r, in)
	if req.Preview {
		if err := s.preview(c, typ, r, in); err != nil {
			return nil, s.unchanged(r, in, err, secrets)
		}
		state, err := marshal(s.planned(typ, before, inputs, in), secrets)
		return &pulumirpc.UpdateResponse{Properties: state}, err
	}
	var state Object
	if typ.Update != nil {
		state, err = typ.Update(c, r, in)
	} else {
		state = Overlay(r.State, r.Inputs, in)
	}
	if err != nil {
		return nil, s.unchanged(r, in, err, secrets)
	}
	r.Inputs, r.State = in, state
	r.Edited = r.Edited || r.Seeded // a stack took it in: it is as that wants it
	answer, err := s.finish(c, typ, r, secrets)
	return &pulumirpc.UpdateResponse{Properties: answer}, err
}

// planned is what a preview says of a resource that is going to change.
func (s *server) planned(typ *Type, before, inputs, in Object) Object {
	state := Overlay(before, inputs, in)
	if s.provider.Stable == nil {
		return state
	}
	for _, path := range typ.Computed {
		if !slices.Contains(s.provider.Stable, path) {
			Set(state, path, Unknown)
		}
	}
	return state
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// keepIgnored replaces what the program ignores by what exists: providers leave out of their requests what is ignored, so
// that others' changes stay.
func keepIgnored(c *Call, r *world.Resource, in Object) {
	for _, path := range c.IgnoreChanges {
		if v := Get(r.State, path); v != nil {
			Set(in, path, clone(v))
		}
	}
}

func (s *server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	c, typ, err := s.call(ctx, req.Urn)
	if err != nil {
		return nil, err
	}
	defer s.world.Unlock()
	if s.provider.Forgets != nil {
		if forgotten, err := s.provider.Forgets(c); forgotten || err != nil {
			return &emptypb.Empty{}, err
		}
	}
	if err := s.ready(c); err != nil {
		return nil, err
	}
	before, in, err := unmarshalBoth(req.Properties, req.OldInputs)
	if err != nil {
		return nil, err
	}
	withoutMarks(in)
	c.State, c.Timeout = before, seconds(req.Timeout)
	r, err := s.find(c, typ, req.Id, before)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return &emptypb.Empty{}, nil
	}
	if typ.Keeps != nil && typ.Keeps(in) {
		return &emptypb.Empty{}, nil
	}
	if typ.Delete != nil {
		if err := typ.Delete(c, r, in); err != nil {
			return nil, err
		}
	}
	if !r.Deleted {
		s.world.Remove(r)
	}
	return &emptypb.Empty{}, s.world.Commit()
}
