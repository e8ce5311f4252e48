// A menu: asks for keys, says them back. Give its address to a number as voice_callback_url.
//
//	SAUTIKIT_SIGNING_SECRET=… PORT=3000 go run ./examples/ivr
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/sautikit/sautikit-go"
)

func main() {
	mux := http.NewServeMux()

	mux.HandleFunc("/voice", func(w http.ResponseWriter, r *http.Request) {
		sautikit.NewVoiceResponse(
			sautikit.GetDigits{
				NumDigits: sautikit.Ptr[int64](3),
				Prompt:    sautikit.Actions{sautikit.Say{Text: "Press up to three keys, then hash."}},
				Action:    sautikit.Ptr("/pressed"),
			},
			sautikit.Say{Text: "Goodbye."},
		).ServeHTTP(w, r)
	})

	mux.HandleFunc("/pressed", func(w http.ResponseWriter, r *http.Request) {
		callback, err := sautikit.ReadCallback(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Println(callback.From, "pressed", callback.Digits)
		said := sautikit.Say{Text: fmt.Sprintf("You pressed %s.", callback.Digits)}
		sautikit.NewVoiceResponse(said, sautikit.Hangup{}).ServeHTTP(w, r)
	})

	signed := sautikit.VerifyMiddleware(os.Getenv("SAUTIKIT_SIGNING_SECRET"))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), signed(mux)))
}
