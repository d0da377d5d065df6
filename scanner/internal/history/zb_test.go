package history
import ("testing";"context";"github.com/petrascan/petrascan/scanner/internal/repo")
func BenchmarkStaged(b *testing.B){
 r,err:=repo.Open("/tmp/hw/st"); if err!=nil {b.Fatal(err)}
 o:=options(2)
 for b.Loop() { if _,err:=ScanStaged(context.Background(),r,o);err!=nil{b.Fatal(err)} }
}
