package service

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Thing is one resource of the stack, as the stack's state has it.
type Thing struct {
	// Type is Pulumi's type token, and ID the id by which the provider knows it.
	Type, ID string
	// Inputs are what the program asked for, Outputs what the provider last said of it. Secrets are in neither.
	Inputs, Outputs map[string]any
}

// Text is an output that is a text; "" where it is none.
func (t Thing) Text(output string) string {
	text, _ := t.Outputs[output].(string)
	return text
}

// Exists asks a cloud whether a thing of its own is there. It returns nil, or an error that wraps ErrNotFound, that Forbidden knows, or
// that says why it could not be asked. Kubernetes has Objects instead.
type Exists func(ctx context.Context, thing Thing) error

// ObjectName is an object of Kubernetes. Namespace is empty for what lies in none.
type ObjectName struct{ APIVersion, Kind, Namespace, Name string }

// Objects reads objects of any kind of a cluster.
type Objects interface {
	// Object wraps ErrNotFound also where the cluster does not know the kind.
	Object(ctx context.Context, name ObjectName) (*unstructured.Unstructured, error)
	// List returns the objects of a kind, of all namespaces where it is given none.
	List(ctx context.Context, apiVersion, kind, namespace string) ([]unstructured.Unstructured, error)
}

// ObjectWriter changes objects of any kind of a cluster, by patches of RFC 6902. No check of verify has one.
type ObjectWriter interface {
	Patch(ctx context.Context, name ObjectName, patch []byte) error
}

// GoneError is a thing that is as good as gone, with what brings it back where an up does not.
type GoneError struct{ Why, Mend string }

func (e *GoneError) Error() string { return e.Why }

// Unwrap returns ErrNotFound.
func (e *GoneError) Unwrap() error { return ErrNotFound }

// ErrForbidden is what an answer wraps that says that the caller lacks a right.
var ErrForbidden = errors.New("you may not")

// awsForbidden are the codes with which services of AWS refuse who lacks a right (IAM user guide, "Troubleshoot access denied error
// messages"; EC2 API reference, "Common client errors").
var awsForbidden = map[string]bool{"AccessDenied": true, "AccessDeniedException": true, "UnauthorizedOperation": true}

// Forbidden tells whether an error says that the caller lacks a right, as opposed to one who is not signed in.
func Forbidden(err error) bool {
	var aws interface{ ErrorCode() string }
	return errors.Is(err, ErrForbidden) || apierrors.IsForbidden(err) || errors.As(err, &aws) && awsForbidden[aws.ErrorCode()]
}
