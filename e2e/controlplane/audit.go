package controlplane

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// auditPolicy records who did what to which object, and never a body: those hold tokens.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: [admin, "system:kube-scheduler", "system:kube-proxy", "system:apiserver", "system:serviceaccount:kube-system:coredns"]
- level: None
  userGroups: ["system:nodes"]
- level: Metadata
`

// Audit returns all that was asked of the API server so far by others than the control plane's own users, in order.
func (c *Cluster) Audit() ([]auditv1.Event, error) {
	file, err := os.Open(c.file("audit.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReader(file))
	var events []auditv1.Event
	for {
		var event auditv1.Event
		err := decoder.Decode(&event)
		// The last line may be in the middle of being written.
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		events = append(events, event)
	}
}
