package checks

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"

	"bifrost/bifrostctl/verify/service"
)

// ReadState takes what the stack has made, or reads of others, from the text that `pulumi stack export` prints. Components and providers
// are left out, and so is every secret.
func ReadState(text []byte) ([]service.Thing, error) {
	var exported struct{ Deployment *apitype.DeploymentV3 }
	if err := json.Unmarshal(text, &exported); err != nil {
		return nil, fmt.Errorf("read the state of the stack: %w", err)
	}
	if exported.Deployment == nil {
		return nil, nil // it was never up
	}
	var things []service.Thing
	for _, r := range exported.Deployment.Resources {
		if !r.Custom || r.External || r.Delete || strings.HasPrefix(string(r.Type), "pulumi:") {
			continue
		}
		inputs, _ := plain(r.Inputs).(map[string]any)
		outputs, _ := plain(r.Outputs).(map[string]any)
		things = append(things, service.Thing{Type: string(r.Type), ID: string(r.ID), Inputs: inputs, Outputs: outputs})
	}
	return things, nil
}

// plain returns a value without the secrets in it.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if _, special := value[sig.Key]; special {
			return nil
		}
		object := map[string]any{}
		for key, each := range value {
			if each = plain(each); each != nil {
				object[key] = each
			}
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, each := range value {
			list[i] = plain(each)
		}
		return list
	}
	return value
}
