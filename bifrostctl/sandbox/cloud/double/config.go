package double

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func (s *server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := unmarshal(req.News)
	if err != nil {
		return nil, err
	}
	config, secrets := open(news)
	failures := failures{}
	checkSchema(s.provider.Config.ElementType(), s.parse(config), nil, failures.add)
	inputs, err := marshal(config, secrets)
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: failures.list}, err
}

func (s *server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	before, after, err := unmarshalBoth(req.OldInputs, req.News)
	if err != nil {
		return nil, err
	}
	before, after = s.parse(before), s.parse(after)
	var replace []string
	if s.provider.Replace != nil && s.provider.Replace(before, after) {
		replace = sortedKeys(before, after)
	}
	return diffResponse(changesOf(before, after), replace), nil
}

func (s *server) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	args, err := unmarshal(req.Args)
	if err != nil {
		return nil, err
	}
	config, _ := open(args)
	s.world.Lock()
	defer s.world.Unlock()
	session, err := s.provider.Configure(s.world, s.parse(config))
	if err != nil {
		return nil, err
	}
	con := connectionOf(ctx)
	con.configured, con.session = true, session
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// parse undoes the SDK's encoding of a provider's configuration, in which all but strings are JSON texts, and leaves out
// what is the engine's and not the provider's.
func (s *server) parse(config Object) Object {
	parsed := maps.Clone(config)
	delete(parsed, "version")
	t := s.provider.Config.ElementType()
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("pulumi")
		text, isText := parsed[key].(string)
		if !isText || t.Field(i).Type == reflect.TypeFor[*string]() {
			continue
		}
		var v any
		if json.Unmarshal([]byte(text), &v) == nil {
			parsed[key] = v
		}
	}
	return parsed
}
