package byhand

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/sandbox/cloud"
)

// maker makes things through the doubles of the providers, which refuse what the clouds refuse. Nothing is in any stack's state.
type maker struct {
	ctx     context.Context
	clients map[string]pulumirpc.ResourceProviderClient
	made    int
}

// making serves the doubles over a world, each configured, for the time of do.
func making(ctx context.Context, w *cloud.World, configs map[string]map[string]any, do func(*maker) error) error {
	network := w.Network // that of whoever serves the world already
	defer func() { w.Network = network }()
	servers, err := cloud.Serve(w)
	if err != nil {
		return err
	}
	defer servers.Stop()
	m := &maker{ctx: ctx, clients: map[string]pulumirpc.ResourceProviderClient{}}
	for name, config := range configs {
		connection, err := grpc.NewClient(servers.Addr(name), grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		defer connection.Close() //nolint:errcheck // nothing is under way
		client := pulumirpc.NewResourceProviderClient(connection)
		args, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(config), plugin.MarshalOptions{KeepSecrets: true})
		if err != nil {
			return err
		}
		if _, err := client.Configure(ctx, &pulumirpc.ConfigureRequest{Args: args}); err != nil {
			return fmt.Errorf("provider %s: %w", name, err)
		}
		m.clients[name] = client
	}
	return do(m)
}

// make makes one thing, and returns its id and what the cloud says of it. One that is there, and does not become ready, is made: whoever
// works by hand does not wait.
func (m *maker) make(typ, name string, inputs map[string]any) (id string, outputs resource.PropertyMap, err error) {
	provider, _, _ := strings.Cut(typ, ":")
	client, urn := m.clients[provider], "urn:pulumi:by-hand::by-hand::"+typ+"::"+name
	news, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(inputs), plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return "", nil, err
	}
	checked, err := client.Check(m.ctx, &pulumirpc.CheckRequest{Urn: urn, News: news, RandomSeed: []byte(name)})
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	var problems []error
	for _, failure := range checked.Failures {
		problems = append(problems, errors.New(failure.Reason))
	}
	if len(problems) > 0 {
		return "", nil, fmt.Errorf("%s: %w", name, errors.Join(problems...))
	}
	made, err := client.Create(m.ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.Inputs})
	m.made++
	if err != nil {
		failed, isRPC := rpcerror.FromError(err)
		if isRPC {
			for _, detail := range failed.Details() {
				if unready, is := detail.(*pulumirpc.ErrorResourceInitFailed); is {
					outputs, err = plugin.UnmarshalProperties(unready.Properties, plugin.MarshalOptions{})
					return unready.Id, outputs, err
				}
			}
		}
		return "", nil, fmt.Errorf("%s: %w", name, err)
	}
	outputs, err = plugin.UnmarshalProperties(made.Properties, plugin.MarshalOptions{})
	return made.Id, outputs, err
}

// objects makes those of Kubernetes, in their order.
func (m *maker) objects(objects []map[string]any) error {
	for _, object := range objects {
		apiVersion, _ := object["apiVersion"].(string)
		kind, _ := object["kind"].(string)
		group := apiVersion
		if !strings.Contains(group, "/") {
			group = "core/" + group
		}
		if texts, is := object["stringData"].(map[string]any); is {
			data := map[string]any{}
			for key, text := range texts {
				data[key] = base64.StdEncoding.EncodeToString([]byte(fmt.Sprint(text)))
			}
			delete(object, "stringData")
			object["data"] = data
		}
		metadata, _ := object["metadata"].(map[string]any)
		if _, _, err := m.make("kubernetes:"+group+":"+kind, fmt.Sprint(metadata["name"]), object); err != nil {
			return err
		}
	}
	return nil
}

// applied are objects as kubectl apply leaves them, which notes in each what was asked for.
func applied(objects []map[string]any) []map[string]any {
	for _, object := range objects {
		asked, err := json.Marshal(object)
		if err != nil {
			panic(err) // decoded from YAML
		}
		metadata, _ := object["metadata"].(map[string]any)
		annotations := map[string]any{corev1.LastAppliedConfigAnnotation: string(asked) + "\n"}
		written, _ := metadata["annotations"].(map[string]any)
		maps.Copy(annotations, written)
		metadata["annotations"] = annotations
	}
	return objects
}

// document is a policy's text.
func document(statements ...map[string]any) string {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err) // texts and lists alone
	}
	return string(text)
}
