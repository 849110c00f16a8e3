package real

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// requestTime is how long one request to an API server may take.
const requestTime = 20 * time.Second

// login returns the way to a cluster's API server.
type login func(context.Context) (*rest.Config, error)

// client is a client with a login.
func (l login) client(ctx context.Context) (kubernetes.Interface, error) {
	config, err := l(ctx)
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.Timeout = requestTime
	return kubernetes.NewForConfig(config)
}

// fromFile logs in with the current context of a kubeconfig file.
func fromFile(file string) login {
	return func(context.Context) (*rest.Config, error) {
		config, err := clientcmd.BuildConfigFromFlags("", file)
		if err != nil {
			return nil, fmt.Errorf("--kubeconfig %s: %w", file, err)
		}
		return config, nil
	}
}

// Kubeconfig returns a client of the cluster that a kubeconfig file's current context leads to, and a reader of its objects.
func Kubeconfig(file string) (func(context.Context) (kubernetes.Interface, error), func(context.Context) (service.Objects, error)) {
	way := fromFile(file)
	return way.client, way.objects
}

// fromText logs in with a context of a kubeconfig's text.
func fromText(text, context string) (*rest.Config, error) {
	config, err := clientcmd.Load([]byte(text))
	if err != nil {
		return nil, errors.New("the kubeconfig does not parse") // whose words may hold a secret
	}
	return clientcmd.NewNonInteractiveClientConfig(*config, context, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
}

// ofStack logs in as the stack's provider does: with secrets.kubeconfig, or with the cloud's own login.
func ofStack(c *stacks.Config, configured func(context.Context) (string, error), own login) login {
	return func(ctx context.Context) (*rest.Config, error) {
		text, err := configured(ctx)
		if err != nil {
			return nil, err
		}
		if text == "" {
			return own(ctx)
		}
		cluster, _ := c.Cluster()
		if c.Kubernetes != nil && !strings.ContainsAny(text, "\n{") {
			return fromContext(c, text)
		}
		return fromText(text, cluster.Context)
	}
}

// eksLogin signs in with `aws eks get-token`, as the stack's own kubeconfig does.
func eksLogin(c *stacks.Config, e awsEKS) login {
	return func(ctx context.Context) (*rest.Config, error) {
		found, err := e.describe(ctx, c.Eks.ClusterName)
		if err != nil {
			return nil, err
		}
		if found.CertificateAuthority == nil {
			return nil, fmt.Errorf("EKS cluster %s has no certificate authority yet", c.Eks.ClusterName)
		}
		ca, err := base64.StdEncoding.DecodeString(aws.ToString(found.CertificateAuthority.Data))
		if err != nil {
			return nil, fmt.Errorf("certificate authority of EKS cluster %s: %w", c.Eks.ClusterName, err)
		}
		args := []string{"--region", c.Aws.Region, "eks", "get-token", "--cluster-name", c.Eks.ClusterName, "--output", "json"}
		if c.Aws.AssumeRoleArn != "" {
			args = append(args, "--role-arn", c.Aws.AssumeRoleArn)
		}
		if c.Aws.Profile != "" {
			args = append(args, "--profile", c.Aws.Profile)
		}
		return &rest.Config{
			Host: aws.ToString(found.Endpoint), TLSClientConfig: rest.TLSClientConfig{CAData: ca},
			ExecProvider: &clientcmdapi.ExecConfig{
				APIVersion: "client.authentication.k8s.io/v1beta1", Command: "aws", Args: args,
				InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
			},
		}, nil
	}
}

// aksLogin signs in with kubelogin, in the stack's mode.
func aksLogin(c *stacks.Config, a azureAKS) login {
	return func(ctx context.Context) (*rest.Config, error) {
		text, err := a.kubeconfig(ctx, c.Aks.ResourceGroup, c.Aks.ClusterName)
		if err != nil {
			return nil, err
		}
		changed, err := stacks.KubeconfigWithLogin(text, c.Aks.Login)
		if err != nil {
			return nil, err
		}
		return fromText(changed, "")
	}
}
