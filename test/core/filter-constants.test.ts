import t from 'tap'
import { constantsIn } from '../../src/core/filter-constants.ts'
import { parseFilter } from '../../src/core/filter.ts'

/** Filter → each column with what it is held against. */
const cases: Readonly<Record<string, readonly string[]>> = {
  "city eq 'London'": ['city whole London'],
  "'London' ne city": ['city whole London'],
  'creditLimit ge 5000 and not (creditLimit lt 100)': ['creditLimit order 5000', 'creditLimit order 100'],
  "city in ('London','Paris')": ['city whole London', 'city whole Paris'],
  "contains(tolower(name),'ltd') or startswith(number,'C')": ['name part ltd', 'number part C'],
  'Microsoft.Dynamics.CRM.In(PropertyName=\'statecode\',PropertyValues=["0","1"])': [
    'statecode whole 0',
    'statecode whole 1',
  ],
  '_ownerid_value eq 8e2a0000-0000-4000-8000-000000000001': ['ownerid whole 8e2a0000-0000-4000-8000-000000000001'],
  'length(name) gt 3': [],
  'one eq other': [],
}

t.test('what a filter compares its columns with', (t) => {
  for (const [filter, expected] of Object.entries(cases)) {
    const found = constantsIn(parseFilter(filter)).map(
      ({ column, by, constant }) => `${column} ${by} ${'value' in constant ? constant.value : constant.kind}`,
    )
    t.same(found, expected, filter)
  }
  t.end()
})
