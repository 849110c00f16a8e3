// Command languagehost is what the Pulumi CLI calls pulumi-language-go, for tests on a machine that has no other: it runs the program
// that `runtime.options.binary` of Pulumi.yaml names, with the engine's settings in its environment, and compiles nothing.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

// serve prints the port that it listens on, as the CLI expects it of a plugin. Its last argument is the engine's address.
func serve() error {
	host := &languageHost{engine: os.Args[len(os.Args)-1]}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{Init: func(s *grpc.Server) error {
		pulumirpc.RegisterLanguageRuntimeServer(s, host)
		return nil
	}})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}

type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

func (h *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "3.0.0"}, nil
}

// GetRequiredPackages names none: the providers that a program needs are attached to.
func (h *languageHost) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse,
	error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// Run runs the program to its end. A program that has told the engine what is wrong ends with a status, which is no error of the host's.
func (h *languageHost) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	binary, given := request.Info.GetOptions().AsMap()["binary"].(string)
	if !given {
		return nil, errors.New("the file Pulumi.yaml names no program: runtime.options.binary")
	}
	config, err := json.Marshal(request.Config)
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(request.ConfigSecretKeys)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary)
	cmd.Dir = request.Info.ProgramDirectory
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for name, value := range map[string]string{
		pulumi.EnvOrganization: request.Organization, pulumi.EnvProject: request.Project, pulumi.EnvStack: request.Stack,
		pulumi.EnvPulumiRootDirectory: request.Info.RootDirectory, pulumi.EnvConfig: string(config),
		pulumi.EnvConfigSecretKeys: string(secrets),
		pulumi.EnvDryRun:           strconv.FormatBool(request.DryRun), pulumi.EnvParallel: strconv.Itoa(int(request.Parallel)),
		pulumi.EnvMonitor: request.MonitorAddress, pulumi.EnvEngine: h.engine,
	} {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case !errors.As(err, &exit):
		return nil, err
	case exit.ExitCode() == constant.ExitStatusLoggedError:
		return &pulumirpc.RunResponse{Bail: true}, nil
	}
	return &pulumirpc.RunResponse{Error: fmt.Sprintf("program exited with status %d", exit.ExitCode())}, nil
}
