// Bridged is a provider that the real Terraform bridge makes of a table: what Pulumi's AWS and Google Cloud providers answer to Check and
// Diff comes from the bridge and from the Terraform plugin SDK, and from what the table says of a type's properties.
//
// It reads a table as JSON from its standard input, serves the provider on a loopback port, prints the port, and ends with its input.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bridged:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	log.SetOutput(io.Discard) // where Terraform's SDK tells what it does
	table, err := read(in)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, table.provider())
	go func() {
		_, _ = io.Copy(io.Discard, in)
		server.Stop()
	}()
	fmt.Fprintln(out, listener.Addr().(*net.TCPAddr).Port)
	return server.Serve(listener)
}

func read(in io.Reader) (*Table, error) {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	table := &Table{}
	if err := decoder.Decode(table); err != nil {
		return nil, fmt.Errorf("the table on the standard input: %w", err)
	}
	return table, nil
}
