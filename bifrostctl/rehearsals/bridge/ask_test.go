package bridge_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// binary names the program that e2e/bridge is.
const binary = "BRIDGED_BINARY"

// provider is one that is asked.
type provider struct {
	t      testing.TB
	client pulumirpc.ResourceProviderClient
}

// bridged starts the provider that the bridge makes of a table.
func bridged(t testing.TB, of *table) provider {
	t.Helper()
	text, err := json.Marshal(of)
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), os.Getenv(binary))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	require.NoError(t, err)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = in.Close(); _ = command.Wait() })
	_, err = in.Write(text)
	require.NoError(t, err)
	port, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return connect(t, "127.0.0.1:"+strings.TrimSpace(port))
}

func connect(t testing.TB, addr string) provider {
	t.Helper()
	connection, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return provider{t, pulumirpc.NewResourceProviderClient(connection)}
}

func (p provider) configure(config resource.PropertyMap) provider {
	p.t.Helper()
	_, err := p.client.Configure(p.t.Context(), &pulumirpc.ConfigureRequest{Args: p.marshal(plain(config)), AcceptSecrets: true})
	require.NoError(p.t, err)
	return p
}

func (p provider) marshal(o object) *structpb.Struct {
	p.t.Helper()
	if o == nil {
		return nil
	}
	s, err := plugin.MarshalProperties(properties(o), wire)
	require.NoError(p.t, err)
	return s
}

var seed = []byte("0123456789abcdef0123456789abcdef")

// check returns the inputs that the provider makes of what is given, and whether it refuses them.
func (p provider) check(s *sample, olds, news object) (object, bool) {
	p.t.Helper()
	res, err := p.client.Check(p.t.Context(), &pulumirpc.CheckRequest{
		Urn: s.urn, Olds: p.marshal(olds), News: p.marshal(news), RandomSeed: seed,
	})
	require.NoError(p.t, err, s.urn)
	inputs, err := plugin.UnmarshalProperties(res.Inputs, wire)
	require.NoError(p.t, err)
	return plain(inputs), len(res.Failures) > 0
}

// diff returns what the provider says of a change, as one text.
func (p provider) diff(s *sample, state, olds, news object, ignore []string) string {
	p.t.Helper()
	res, err := p.client.Diff(p.t.Context(), &pulumirpc.DiffRequest{
		Id: s.id, Urn: s.urn, Olds: p.marshal(state), OldInputs: p.marshal(olds), News: p.marshal(news), IgnoreChanges: ignore,
	})
	if err != nil {
		return "error: " + err.Error()
	}
	if res.Changes != pulumirpc.DiffResponse_DIFF_SOME {
		return "same"
	}
	text := fmt.Sprint("changed ", tops(res.Diffs, res.DetailedDiff))
	if replaces := tops(res.Replaces, nil); len(replaces) > 0 {
		text += fmt.Sprint(" replaced for ", replaces)
	}
	if res.DeleteBeforeReplace {
		text += ", deleted first"
	}
	return text
}

// plan returns the top-level properties that hold something unknown in the preview of a new resource, as one text.
func (p provider) plan(s *sample, inputs object) string {
	p.t.Helper()
	res, err := p.client.Create(p.t.Context(), &pulumirpc.CreateRequest{Urn: s.urn, Properties: p.marshal(inputs), Preview: true})
	if err != nil {
		return "error: " + err.Error()
	}
	state, err := plugin.UnmarshalProperties(res.Properties, wire)
	require.NoError(p.t, err)
	var names []string
	for name, value := range state {
		if name != "id" && value.ContainsUnknowns() {
			names = append(names, string(name))
		}
	}
	slices.Sort(names)
	return fmt.Sprint("unknown ", names)
}

// tops are the top-level properties, in order.
func tops(diffs []string, detailed map[string]*pulumirpc.PropertyDiff) []string {
	all := map[string]bool{}
	for _, path := range append(slices.Collect(maps.Keys(detailed)), diffs...) {
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		all[path[:end]] = true
	}
	return slices.SortedFunc(maps.Keys(all), cmp.Compare)
}
