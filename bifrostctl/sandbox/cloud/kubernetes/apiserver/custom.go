package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

// Custom holds a new or changed custom resource against its CustomResourceDefinition, as the server does: unknown fields are errors,
// as of strict decoding, and the rest has to fit the schema. Defaults and rules in CEL are left out. What is stored is the
// object itself.
func Custom(object, definition map[string]any) error {
	kind := apischema.FromAPIVersionAndKind(fmt.Sprint(object["apiVersion"]), fmt.Sprint(object["kind"]))
	openAPI, err := schemaOf(definition, kind.Version)
	if err != nil {
		return fmt.Errorf("the definition of %s: %w", kind, err)
	}
	structural, err := structuralOf(openAPI)
	if err != nil {
		return fmt.Errorf("the definition of %s: %w", kind, err)
	}
	pruned, err := copied[map[string]any](object)
	if err != nil {
		return err
	}
	unknown := pruning.PruneWithOptions(pruned, structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(unknown) > 0 {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: strict decoding error: unknown field %q",
			kind.Kind, kind.Version, kind.Kind, strings.Join(unknown, `", "`)))
	}
	full, err := copied[*spec.Schema](openAPI)
	if err != nil {
		return fmt.Errorf("the definition of %s: %w", kind, err)
	}
	result := validate.NewSchemaValidator(full, nil, "", strfmt.Default).Validate(pruned)
	if len(result.Errors) == 0 {
		return nil
	}
	name, _ := object["metadata"].(map[string]any)["name"].(string)
	return apierrors.NewInvalid(kind.GroupKind(), name, problems(result.Errors))
}

// schemaOf returns the schema of a version of a definition.
func schemaOf(definition map[string]any, version string) (*apiextensionsv1.JSONSchemaProps, error) {
	typed, err := copied[*apiextensionsv1.CustomResourceDefinition](definition)
	if err != nil {
		return nil, err
	}
	for _, v := range typed.Spec.Versions {
		if v.Name == version && v.Served && v.Schema != nil {
			return v.Schema.OpenAPIV3Schema, nil
		}
	}
	return nil, fmt.Errorf("it has no version %q", version)
}

func structuralOf(openAPI *apiextensionsv1.JSONSchemaProps) (*schema.Structural, error) {
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(openAPI, internal, nil); err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(internal)
	if err != nil {
		return nil, err
	}
	return structural, schema.ValidateStructural(nil, structural).ToAggregate()
}

// problems words what is wrong as the server does (k8s.io/apiextensions-apiserver, kubeOpenAPIResultToFieldErrors).
func problems(failed []error) field.ErrorList {
	var list field.ErrorList
	for _, err := range failed {
		var v *openapierrors.Validation
		if !errors.As(err, &v) {
			list = append(list, field.InternalError(nil, err))
			continue
		}
		at := field.NewPath(v.Name)
		switch v.Code() {
		case openapierrors.RequiredFailCode:
			list = append(list, field.Required(at, ""))
		case openapierrors.EnumFailCode:
			var allowed []string
			for _, value := range v.Values {
				allowed = append(allowed, fmt.Sprint(value))
			}
			list = append(list, field.NotSupported(at, v.Value, allowed))
		default:
			list = append(list, field.Invalid(at, v.Value, v.Error()))
		}
	}
	return list
}

// copied reads a value into another type by way of JSON.
func copied[T any](v any) (T, error) {
	var to T
	text, err := json.Marshal(v)
	if err != nil {
		return to, fmt.Errorf("encode: %w", err)
	}
	if err := json.Unmarshal(text, &to); err != nil {
		return to, fmt.Errorf("decode: %w", err)
	}
	return to, nil
}
