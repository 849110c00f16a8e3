// Package byhand is what people have who did not begin with this program: the things that the vendor's recipes, chart and module make. The
// sandbox and tests put them into a cluster and an account, to be adopted. Names, labels, selectors and sizes are those of the vendor; the
// texts are this project's.
package byhand

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/util/yaml"
)

//go:embed objects
var files embed.FS

// Ways are the names of what people may have: objects of Kubernetes, but for ecs and module-ecs.
var Ways = []string{"eks", "ecs", "aks", "chart", "module", "module-ecs"}

// Values are what differs from one to the other.
type Values struct {
	Namespace, Image string
	// Release is the name of the chart's release, and the module's name_prefix.
	Release  string
	Replicas int
	// PullSecret is that of the pods; empty has them pull as their nodes do.
	PullSecret string
	// Config is the text of config.json, Env are further variables of the container.
	Config string
	Env    []Variable
	// RoleArn is the role in the ServiceAccount's annotation on EKS, ClientID that of the managed identity on AKS.
	RoleArn, ClientID string
	// CredentialConfig is the vendor's document, DockerConfig the content of the pull Secret on AKS.
	CredentialConfig, DockerConfig string
}

// Variable is one of the environment.
type Variable struct{ Name, Value string }

// ChartSelector are the labels by which the chart picks its pods.
func (v Values) ChartSelector() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": "bifrost", "app.kubernetes.io/instance": v.Release, "app.kubernetes.io/component": "server",
	}
}

// ChartLabels are those of all its objects.
func (v Values) ChartLabels() map[string]string {
	return map[string]string{
		"helm.sh/chart": "bifrost-2.1.30", "app.kubernetes.io/name": "bifrost", "app.kubernetes.io/instance": v.Release,
		"app.kubernetes.io/version": "1.5.16", "app.kubernetes.io/managed-by": "Helm",
	}
}

// ChartPodLabels are those of its pods.
func (v Values) ChartPodLabels() map[string]string {
	labels := v.ChartLabels()
	maps.Copy(labels, v.ChartSelector())
	return labels
}

// ModuleLabels are those of all that the module makes.
func (v Values) ModuleLabels() map[string]string {
	name := v.Release + "-service"
	return map[string]string{"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": v.Release}
}

// Manifest is the YAML text of the objects of a way, as kubectl takes it.
func Manifest(way string, v Values) (string, error) {
	t := template.New(way + ".yaml").Funcs(template.FuncMap{"json": func(value any) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}})
	t, err := t.ParseFS(files, "objects/parts.yaml", "objects/"+way+".yaml")
	if err != nil {
		return "", fmt.Errorf("objects of %s: %w", way, err)
	}
	var text bytes.Buffer
	err = t.ExecuteTemplate(&text, way+".yaml", v)
	return text.String(), err
}

// Objects are the same as the API decodes them, with the texts of Secrets encoded.
func Objects(way string, v Values) ([]map[string]any, error) {
	text, err := Manifest(way, v)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	var all []map[string]any
	for {
		var object map[string]any
		switch err := decoder.Decode(&object); {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("objects of %s: %w", way, err)
		case len(object) > 0:
			all = append(all, object)
		}
	}
}

// Known tells whether there is such a way.
func Known(way string) bool { return slices.Contains(Ways, way) }
